"""Whether the record of a decision can be relied on, in three questions."""

from __future__ import annotations

from understudy.console.figures import moment
from understudy.console.marks import mark, plain_mark
from understudy.console.tables import facts, panel
from understudy.console.words import Words
from understudy.contracts.inspection import DecisionProof, DecisionRecord
from understudy.page import Markup, tag

__all__ = ["proof_panel"]


def proof_panel(found: DecisionRecord, words: Words) -> Markup:
    """The entry itself, its chain, a signed checkpoint; and how a third party checks without trusting this page."""
    proof = found.proof
    questions = tag(
        "ol",
        _question(words("proof.entry"), mark(proof.entry, words), words(f"proof.entry_{proof.entry}")),
        _question(words("proof.chain"), mark(proof.chain, words), _chain(proof, words)),
        _question(words("proof.checkpoint"), _signed(proof, words), words("proof.checkpoint_means")),
        class_="questions",
    )
    where = facts(
        [
            (words("proof.writer"), tag("code", f"{proof.audit.writer}/{proof.audit.seq}")),
            (words("proof.at"), moment(proof.at)),
            (words("proof.mac"), tag("code", proof.audit.mac, class_="hash")),
            (words("proof.key"), tag("code", proof.key_id)),
            (words("proof.pseudonym"), tag("code", found.pseudonym or "—", class_="hash")),
            (words("proof.third_party"), tag("code", f"understudy audit prove {found.request_id}")),
        ]
    )
    return panel("proof", words("proof.title"), questions, where)


def _question(title: str, state: Markup, means: str) -> Markup:
    return tag("li", tag("span", title, class_="name"), state, tag("span", means, class_="hint"))


def _chain(proof: DecisionProof, words: Words) -> str:
    when = f" ({moment(proof.verified_at)})" if proof.verified_at else ""
    more = f": {proof.chain_note}" if proof.chain in ("damaged", "unknown") else "."
    return f"{words(f'proof.chain_{proof.chain}')}{when}{more}"


def _signed(proof: DecisionProof, words: Words) -> Markup:
    if proof.checkpoint is None:
        return plain_mark(words("proof.uncovered"), "unknown")
    return plain_mark(words("proof.covered", number=proof.checkpoint), "good")
