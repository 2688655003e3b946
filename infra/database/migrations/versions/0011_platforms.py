"""What further platforms need: windows of seconds, callbacks, secrets among results."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"

# Every window is counted for longer than it lasts, by as long as a call may take to arrive: 2 s,
# but of a window of seconds no more than half. See docs/decisions/0029.
LATE = """
CREATE FUNCTION budget_late(seconds int) RETURNS float8
LANGUAGE sql IMMUTABLE AS $$ SELECT least(2.0, seconds / 2.0)::float8 $$
"""
BUDGET_AT = """
CREATE OR REPLACE FUNCTION budget_at(w budgets, at timestamptz) RETURNS budgets
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    slot bigint := floor(extract(epoch FROM at)::float8 * 120 / w.seconds);
    length int := 121 + ceil({slots_late});
    passed bigint := slot - w.newest;
BEGIN
    IF passed BETWEEN -length AND 0 THEN
        RETURN w;
    END IF;
    w.slots := CASE
        WHEN passed >= length THEN ARRAY[0]
        WHEN passed > 0 THEN (array_fill(0, ARRAY[passed::int]) || w.slots)[1:length]
        ELSE ARRAY[budget_used(w.slots)] -- counted by a clock far ahead of this one
    END;
    w.newest := slot;
    RETURN w;
END $$
"""
# When `calls` more have left the window: NULL if it never holds so many.
BUDGET_FREE_AT = """
CREATE OR REPLACE FUNCTION budget_free_at(w budgets, calls int) RETURNS timestamptz
LANGUAGE sql IMMUTABLE AS $$
    SELECT to_timestamp((w.newest - i + 122 + ceil({slots_late})) * w.seconds / 120.0 + 0.001)
    FROM (SELECT i, sum(n) OVER (ORDER BY i DESC) AS gone
          FROM unnest(w.slots) WITH ORDINALITY AS slot (n, i)) AS oldest_first
    WHERE gone >= calls ORDER BY i DESC LIMIT 1
$$
"""
# What an answer makes of a window: `said` calls are left, says the platform (NULL: it is silent).
BUDGET_HEARD = """
CREATE OR REPLACE FUNCTION budget_heard(
    w budgets, said int, grows boolean, restarts boolean, busy int, began timestamptz,
    at timestamptz
) RETURNS budgets LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    length int := 121 + ceil({slots_late});
    began_slot bigint := floor(extract(epoch FROM began)::float8 * 120 / w.seconds);
    place int;
    left_now int;
    forget int;
BEGIN
    w := budget_at(w, at);
    place := w.newest - began_slot + 1;
    IF extract(epoch FROM at - began) > {late} AND place > 1 THEN -- it may have arrived as late as now
        IF w.slots[place] > 0 THEN
            w.slots[place] := w.slots[place] - 1;
        END IF;
        w.slots[1] := coalesce(w.slots[1], 0) + 1;
    END IF;
    IF said IS NULL THEN
        RETURN w;
    END IF;
    IF said >= w.calls THEN
        w.learned := greatest(w.learned, said + 1);
        w.calls := CASE WHEN grows THEN w.learned ELSE w.calls END;
    END IF;
    left_now := w.calls - budget_used(w.slots);
    IF said < left_now THEN
        -- Others use it too. Their calls leave the window with it, and within an hour at most.
        place := greatest(1, length - ceil(3600 * 120.0 / w.seconds)::int);
        w.slots := w.slots || array_fill(0, ARRAY[greatest(0, place - cardinality(w.slots))]);
        w.slots[place] := w.slots[place] + left_now - said + busy;
    ELSIF restarts AND w.calls >= coalesce(w.learned, 0) THEN
        -- The platform has begun anew: what it has forgotten is forgotten, but for the latest.
        forget := said - left_now - coalesce(w.slots[1], 0) - coalesce(w.slots[2], 0);
        FOR i IN REVERSE cardinality(w.slots) .. 3 LOOP
            EXIT WHEN forget <= 0;
            place := least(forget, w.slots[i]);
            w.slots[i] := w.slots[i] - place;
            forget := forget - place;
        END LOOP;
    END IF;
    RETURN w;
END $$
"""
COUNTING = (BUDGET_AT, BUDGET_FREE_AT, BUDGET_HEARD)
NOW_LATE = {
    "slots_late": "120 * budget_late(w.seconds) / w.seconds",
    "late": "budget_late(w.seconds)",
}
FORMERLY_LATE = {"slots_late": "240.0 / w.seconds", "late": "2.0"}


def _moment(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False)


def upgrade() -> None:
    """Apply. Old code must keep working on the new schema."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(LATE)
    for function in COUNTING:
        op.execute(function.format(**NOW_LATE))
    op.create_table(
        "callbacks",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("integration_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("mark", sa.Uuid(), nullable=False),
        sa.Column("body", postgresql.JSONB(), nullable=False),
        _moment("received_at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_callbacks")),
        sa.UniqueConstraint(
            "integration_id", "event_id", "mark", name="uq_callbacks_called_back_once"
        ),
    )
    op.create_index(op.f("ix_callbacks_mark"), "callbacks", ["mark"])
    op.create_index(op.f("ix_callbacks_received_at"), "callbacks", ["received_at"])
    op.create_table(
        "effect_secrets",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        _moment("created_at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_effect_secrets")),
        sa.ForeignKeyConstraint(
            ["id"], ["effects.id"], name=op.f("fk_effect_secrets_id_effects"), ondelete="CASCADE"
        ),
    )


def downgrade() -> None:
    """Take back."""
    op.drop_table("effect_secrets")
    op.drop_table("callbacks")
    for function in COUNTING:
        op.execute(function.format(**FORMERLY_LATE))
    op.execute("DROP FUNCTION budget_late")
