"""The services that are booked: one story for each shape, and `booking` for what they share.

What the stories are made of lies in rooms: `parts` is what every booking has (its desk, its record,
its papers, its contract), `refusals` why a command is refused, by shape; `partners` are hospitals,
couriers and laboratories asked by wire, `escorts` whoever goes along, `consultations` the talk with
a doctor and the roster it is taken from.
"""
