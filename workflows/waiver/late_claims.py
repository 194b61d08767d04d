"""Claim money beyond what was decided at first: the insurer thinks again, perhaps after the end.

Finance confirms that it came. It returns what is still owed of the advance, then what we had given
up of it as far as finance says so, and the rest is the customer's (R015). Less than before is
nobody's step here: a supervisor hears of it, and money that left is not called back.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from domain import posting
from domain.money import spoken
from domain.steps.forms import SettleLateClaim
from domain.steps.kinds import Evidence, TaskKind
from domain.waiver import ENDED, Stage
from workflows.cases.case import CLAIM_WORDS
from workflows.cases.desk import Desk
from workflows.cockpit import civil
from workflows.matter import Completion
from workflows.messages.cases import ClaimDecided
from workflows.waiting import each_reported

AFTER_THE_FIRST: Final = frozenset({Stage.OFFSET, Stage.REPAYMENT, Stage.AFTERCARE, *ENDED})
"""Stages in which the first decision has been acted on."""


class LateClaims:
    """The later decisions on the claim of one case."""

    def __init__(self, desk: Desk, *, pay_out: Callable[[int], None]) -> None:
        self._desk = desk
        self._state = desk.state
        self._pay_out = pay_out

    def ask(self, decision: ClaimDecided) -> bool:
        """Whether it brings more than is known, so that finance is asked for it, once.

        Before the first one is acted on it takes its place.
        """
        state = self._state
        if state.stage is Stage.REFUND:
            return self._instead(decision)
        more_fen = decision.payable_fen - state.claimed_fen
        if state.stage not in AFTER_THE_FIRST or more_fen <= 0:
            return False
        if any(one.payable_fen >= decision.payable_fen for one in state.late_claims.values()):
            return True
        for task in list(state.late_claims):
            del state.late_claims[task]
            self._desk.no_longer_asked(task, at=decision.at, reason="理赔决定又有更改")
        self._desk.note("late_claim", f"理赔追加 {spoken(more_fen)}", at=decision.at)
        task = self._desk.ask(
            TaskKind.SETTLE_LATE_CLAIM,
            at=decision.at,
            subject=decision.claim_id,
            amount_fen=more_fen,
        )
        state.late_claims[task] = decision
        ours = f"已入账理赔金 {spoken(state.claimed_fen)}, 核销 {spoken(state.written_off_fen)}"
        theirs = f"{civil(decision.at)} 应赔付 {spoken(decision.payable_fen)}"
        self._desk.show(task, Evidence(ours=ours, theirs=theirs))
        return True

    def _instead(self, decision: ClaimDecided) -> bool:
        state = self._state
        known = state.claim_decision
        if known is not None and decision.payable_fen <= known.payable_fen:
            return False
        state.claim_decision, state.claim_state = decision, decision.decision
        word = CLAIM_WORDS[decision.decision]
        self._desk.note("claim_decided", f"理赔审核更改: {word}", at=decision.at)
        self._desk.tell("claim_result", reason=word, amount=decision.payable_fen)
        return True

    async def watch(self) -> None:
        """Act on what finance reports, for as long as the case runs."""
        await each_reported(self._state, lambda: self._state.late_claims, self._settle)

    def _settle(self, task: str, done: Completion) -> None:
        state, form = self._state, done.read(SettleLateClaim)
        decision = state.late_claims.pop(task)
        received_fen, loss_fen = form.received.fen, form.to_loss.fen
        owed_fen = state.settlement.offset_of(received_fen)
        rest_fen = received_fen - owed_fen - loss_fen
        transfers = posting.claim(
            state.case_id,
            payable_fen=received_fen,
            offset_fen=owed_fen + loss_fen,
            number=state.later_number("claim_money"),
        )
        if loss_fen:
            again = state.next_number("refund")
            transfers += posting.loss_recovered(state.case_id, again, loss_fen)
        self._desk.book(transfers, at=done.at)
        state.claimed_fen += received_fen
        state.offset_fen += owed_fen + loss_fen
        state.written_off_fen -= loss_fen
        if decision.claim_id == state.claim_id:  # else it was disputed, and is decided anew
            state.claim_decision, state.claim_state = decision, decision.decision
        text = f"理赔追加 {spoken(received_fen)} 已入账"
        self._desk.note("late_claim_settled", text, at=done.at, by=done.actor)
        self._desk.tell("offset", amount=owed_fen, left=rest_fen, total=state.owed_fen)
        if rest_fen:
            self._pay_out(rest_fen)
