"""What every payment does, whoever pays: ordered once, followed to a certain end, put right.

Who is paid, and why, is told by the stories; `desk` is where they stand when they pay.
"""
