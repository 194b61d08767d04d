"""One walk: a case of one of the four programmes, driven by a seed until its books are at zero.

First everything happens: people do their steps well, badly, late or twice, partners misbehave,
customers change their minds, workers die. Then everybody behaves, and the case must come to its
end by what its steps, timers and partners ask for; words that come after the end are part of it.
"""

from __future__ import annotations

from typing import Final

from domain.steps.kinds import TaskKind
from domain.waiver import ENDED, Stage
from tests.walk import checks
from tests.walk.acts import Acts
from tests.walk.checks import Wrong
from tests.walk.movement import Movement
from tests.walk.scene import Scene

BEATS: Final = (40, 400)
"""How many beats everything happens in, at least and at most."""
ROUNDS: Final = 1500
"""Beats within which a case must come to its end when everybody behaves."""
DECIDED: Final = frozenset({Stage.OFFSET, Stage.REPAYMENT, Stage.AFTERCARE})
"""Stages beyond the insurer's decision, where a claim was filed."""
AFTERWARDS: Final = 3
"""At most so many words less one come for a case that has ended."""


class Walk:
    """The walk of one seed."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.left_alone = {TaskKind.CARE}
        """Steps that nobody does in the end; care goes on for as long as the patient stays."""
        acts = self.acts = Acts(self.scene)
        self._acts = {
            acts.somebody_acts: 34.0,
            acts.time_passes: 24.0,
            acts.news_arrives: 12.0,
            acts.somebody_is_wrong: 5.0,
            acts.tops_up: 5.0,
            acts.notices_discharge: 4.0,
            acts.hospital_refunds: 4.0,
            acts.much_at_once: 6.0,
            acts.restarts: 1.5,
            acts.suggests: 2.0,
            acts.supervisor_acts: 1.2,
            acts.stops_a_payment: 6.0,
            acts.another_amount: 5.0,
            acts.decides_again: 8.0,
            acts.reconciled: 2.0,
            acts.disputes: 3.0,
            acts.withdraws: 0.12,
            acts.cancels: 0.06,
            acts.calendar_comes: 0.4,
        }

    def walk(self) -> None:
        """From the report to an account of zero, and what comes after; raises what is wrong."""
        scene, chance = self.scene, self.scene.chance
        scene.say("opens", scene.code)
        try:
            scene.run.start(scene.opening)
            for _ in range(chance.randrange(*BEATS)):
                if not scene.run.running:
                    break
                self._beat()
                self._check()
            self.behave()
            self.come_to_an_end()
            for _ in range(chance.randrange(AFTERWARDS)):
                self.acts.afterwards()
                self.come_to_an_end()
            self.check_end()
        finally:
            scene.run.close()

    def behave(self) -> None:
        """From now on nobody misbehaves."""
        scene = self.scene
        scene.say("calm")
        scene.world.calm = scene.people.calm = scene.books.calm = True
        scene.run.suggest_new_run = False

    def _beat(self) -> None:
        """One thing happens."""
        scene = self.scene
        if scene.run.ready and scene.chance.random() < 0.8:
            scene.work()
            return
        [act] = scene.chance.choices(list(self._acts), list(self._acts.values()))
        act()

    # To the end ----------------------------------------------------------------------------------

    def come_to_an_end(self) -> None:
        """Everybody behaves: steps are done, partners answer, and the case ends."""
        scene = self.scene
        for _ in range(ROUNDS):
            scene.drain()
            self._check()
            if not scene.run.running and not scene.world.news:
                return
            if self._do_all() or self._due_news():
                continue
            self.world_goes_on()
            if not scene.to_next():
                raise Wrong(f"stuck in {scene.books.stage}: {scene.waiting()}")
        raise Wrong(f"no end in {scene.books.stage}: {scene.waiting()}")

    def _do_all(self) -> bool:
        """Whether somebody did a step."""
        done = False
        for task in list(self.scene.books.tasks.values()):
            is_open = task.task_id in self.scene.books.tasks and self.scene.run.running
            if is_open and task.kind not in self.left_alone:
                done |= self.scene.does(task)
                self.scene.drain()
        return done

    def _due_news(self) -> bool:
        news = self.scene.world.news
        due = sorted((one for one in news if one.at <= self.scene.run.now), key=lambda one: one.at)
        for one in due:
            self.scene.tell(one)
            self.scene.drain()
        return bool(due)

    def world_goes_on(self) -> None:
        """Patients go home, codes are scanned, insurers decide."""
        books, world = self.scene.books, self.scene.world
        self.acts.reconciled()
        kinds = {task.kind for task in books.tasks.values()}
        if books.stage is Stage.IN_HOSPITAL and TaskKind.DISCHARGE_VISIT not in kinds:
            self.acts.says_discharge(0)
        coming = {one.name for one in world.news}
        for movement in world.movements.values():
            if movement.word == "pending" and "payment_result" not in coming:
                self.scanned(movement)
        if books.stage is Stage.ADJUDICATION and "claim_decided" not in coming:
            for filing in world.filed.values():
                world.decides(filing)

    def scanned(self, movement: Movement) -> None:
        """Somebody at the desk pays by a code, or a partner comes to its word."""
        self.scene.world.ends(movement, "paid")

    # What must hold ------------------------------------------------------------------------------

    def _check(self) -> None:
        """What holds after every beat; what is being written down cannot be read yet."""
        scene = self.scene
        if any(one.name == "turn_page" for one in scene.run.pending) or not scene.run.running:
            return
        checks.promises_told(scene.books.clocks.values(), scene.run.now)
        tasks = scene.books.tasks.values()
        waits = tasks or scene.run.timers or scene.run.pending
        if not waits and scene.books.stage is not Stage.ADJUDICATION:
            raise Wrong(f"nobody acts in {scene.books.stage}")
        if not all(task.roles for task in tasks):
            raise Wrong("a step is for nobody")
        if scene.books.stage in DECIDED and set([*scene.world.filed][-1:]) - scene.decided:
            raise Wrong(f"{scene.books.stage} before the claim was decided")

    def check_end(self) -> None:
        """What holds when all is over."""
        scene, books, world = self.scene, self.scene.books, self.scene.world
        if scene.run.running or scene.run.result not in {stage.value for stage in ENDED}:
            raise Wrong(f"not ended: {scene.run.result}")
        if books.tasks or any(clock.is_open for clock in books.clocks.values()):
            raise Wrong(f"ended with {scene.waiting()} and its promises open")
        checks.at_zero(scene.loop.run(books.balances(scene.case_id)))
        for movement_id, movement in world.movements.items():
            if books.out_fen(movement_id) != movement.out_fen:
                ours = books.out_fen(movement_id)
                raise Wrong(f"{movement_id}: {ours} booked, {movement.out_fen} really out")
        if only_ours := scene.paid_in_our_books_only():
            raise Wrong(f"paid in our books only: {only_ours}")
        refunds = (books.refunded_fen, books.sent_back_fen)
        if refunds != (world.refunded_fen, world.sent_back_fen):
            came = (world.refunded_fen, world.sent_back_fen)
            raise Wrong(f"refunds, and what was sent back: {refunds} booked, really {came}")
        if books.last is not None and books.last.advanced_fen != world.deposits_out_fen:
            raise Wrong(f"{books.last.advanced_fen} shown, {world.deposits_out_fen} advanced")
