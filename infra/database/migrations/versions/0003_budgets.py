"""Budgets counted in sliding windows, places in flight held without an effect.

The functions of the first migration stay for processes that are not replaced yet.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"

# A window is counted in 120 slots, newest first, and a little longer than it lasts: by the slot a
# call fell into, and by the 2 s that a call may take to arrive (or clocks differ) without being
# counted anew. See docs/decisions/0022.
BUDGET_AT = """
CREATE FUNCTION budget_at(w budgets, at timestamptz) RETURNS budgets
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    slot bigint := floor(extract(epoch FROM at)::float8 * 120 / w.seconds);
    length int := 121 + ceil(240.0 / w.seconds);
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
BUDGET_USED = """
CREATE FUNCTION budget_used(slots int[]) RETURNS int
LANGUAGE sql IMMUTABLE AS $$ SELECT coalesce(sum(n), 0)::int FROM unnest(slots) AS n $$
"""
# When `calls` more have left the window: NULL if it never holds so many.
BUDGET_FREE_AT = """
CREATE FUNCTION budget_free_at(w budgets, calls int) RETURNS timestamptz
LANGUAGE sql IMMUTABLE AS $$
    SELECT to_timestamp((w.newest - i + 122 + ceil(240.0 / w.seconds)) * w.seconds / 120.0 + 0.001)
    FROM (SELECT i, sum(n) OVER (ORDER BY i DESC) AS gone
          FROM unnest(w.slots) WITH ORDINALITY AS slot (n, i)) AS oldest_first
    WHERE gone >= calls ORDER BY i DESC LIMIT 1
$$
"""
BUDGET_BUSY = """
CREATE FUNCTION budget_busy(whose text, besides uuid, at timestamptz) RETURNS int
LANGUAGE sql STABLE AS $$
    SELECT ((SELECT count(*) FROM effects e
             WHERE e.in_flight AND e.budget_key = whose AND e.id <> besides)
          + (SELECT count(*) FROM budget_holds h WHERE h.budget_key = whose AND h.until > at
             AND h.id <> besides))::int
$$
"""
# One call from every window given, in one round trip; NULL: granted, else when to try again (and
# nothing is changed). The rows stay locked until the commit, the first of them before the calls in
# flight are counted, so that these are counted exactly.
TAKE_BUDGETS = """
CREATE FUNCTION take_budgets(
    tenants text[], names text[], limits int[], reserves int[], lengths int[], grow boolean[],
    common boolean[], in_flight_max int, people boolean, besides uuid, at timestamptz
) RETURNS timestamptz LANGUAGE plpgsql AS $$
DECLARE
    w budgets%ROWTYPE;
    windows budgets[];
    ended int;
    too_many int;
BEGIN
    FOR n IN 1 .. array_length(names, 1) LOOP
        SELECT * INTO w FROM budgets b WHERE b.key = tenants[n] || ':' || names[n] FOR UPDATE;
        IF NOT FOUND OR w.seconds IS DISTINCT FROM lengths[n] THEN
            INSERT INTO budgets AS b (key, tenant, name, shared, seconds)
            VALUES (tenants[n] || ':' || names[n], tenants[n], names[n], common[n], lengths[n])
            ON CONFLICT (key) DO UPDATE SET
                tenant = excluded.tenant, name = excluded.name, shared = excluded.shared,
                slots = ARRAY[budget_used(b.slots)], seconds = excluded.seconds,
                newest = floor(extract(epoch FROM at)::float8 * 120 / excluded.seconds)
            RETURNING * INTO w;
        END IF;
        IF w.blocked_until > at THEN
            RETURN w.blocked_until;
        END IF;
        w := budget_at(w, at);
        w.calls := CASE WHEN grow[n] THEN greatest(limits[n], w.learned) ELSE limits[n] END;
        w.reserve := reserves[n];
        too_many := budget_used(w.slots) + 1 - w.calls + CASE WHEN people THEN 0 ELSE w.reserve END;
        IF too_many > 0 THEN
            RETURN coalesce(budget_free_at(w, too_many), at + make_interval(secs => w.seconds));
        END IF;
        windows := windows || w;
    END LOOP;
    IF budget_busy(tenants[1], besides, at) >= in_flight_max THEN
        RETURN at + interval '300 milliseconds';
    END IF;
    -- Calls whose holder died are counted once more: they may have gone out just before.
    DELETE FROM budget_holds h WHERE h.budget_key = tenants[1] AND h.until <= at;
    GET DIAGNOSTICS ended = ROW_COUNT;
    FOREACH w IN ARRAY windows LOOP
        w.slots[1] := coalesce(w.slots[1], 0) + 1 + ended;
        UPDATE budgets b SET slots = w.slots, newest = w.newest, calls = w.calls,
                             reserve = w.reserve
        WHERE b.key = w.key;
    END LOOP;
    RETURN NULL;
END $$
"""
# What an answer makes of a window: `said` calls are left, says the platform (NULL: it is silent).
BUDGET_HEARD = """
CREATE FUNCTION budget_heard(
    w budgets, said int, grows boolean, restarts boolean, busy int, began timestamptz,
    at timestamptz
) RETURNS budgets LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    length int := 121 + ceil(240.0 / w.seconds);
    began_slot bigint := floor(extract(epoch FROM began)::float8 * 120 / w.seconds);
    place int;
    left_now int;
    forget int;
BEGIN
    w := budget_at(w, at);
    place := w.newest - began_slot + 1;
    IF at - began > interval '2 seconds' AND place > 1 THEN -- it may have arrived as late as now
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
# Writes only what an answer changes; what it leaves alone is neither locked nor written.
HEAR_BUDGETS = """
CREATE FUNCTION hear_budgets(
    tenants text[], names text[], said int[], grow boolean[], restart boolean[],
    began timestamptz, at timestamptz
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    w budgets%ROWTYPE;
    busy int;
BEGIN
    FOR n IN 1 .. array_length(names, 1) LOOP
        SELECT * INTO w FROM budgets b
        WHERE b.key = tenants[n] || ':' || names[n] AND b.seconds IS NOT NULL;
        CONTINUE WHEN NOT FOUND;
        CONTINUE WHEN budget_heard(w, said[n], grow[n], restart[n], 0, began, at)
                      IS NOT DISTINCT FROM budget_at(w, at);
        busy := budget_busy(tenants[n], '00000000-0000-0000-0000-000000000000', at);
        SELECT * INTO w FROM budgets b WHERE b.key = tenants[n] || ':' || names[n] FOR UPDATE;
        w := budget_heard(w, said[n], grow[n], restart[n], busy, began, at);
        UPDATE budgets b SET slots = w.slots, newest = w.newest, calls = w.calls,
                             learned = w.learned
        WHERE b.key = w.key;
    END LOOP;
END $$
"""
FUNCTIONS = (
    BUDGET_USED,
    BUDGET_AT,
    BUDGET_FREE_AT,
    BUDGET_BUSY,
    TAKE_BUDGETS,
    BUDGET_HEARD,
    HEAR_BUDGETS,
)
COLUMNS: tuple[sa.Column[Any], ...] = (
    sa.Column("tenant", sa.Text(), nullable=True),
    sa.Column("name", sa.Text(), nullable=True),
    sa.Column("shared", sa.Boolean(), server_default=sa.text("true"), nullable=False),
    sa.Column("seconds", sa.Integer(), nullable=True),
    sa.Column("calls", sa.Integer(), nullable=True),
    sa.Column("reserve", sa.Integer(), server_default="0", nullable=False),
    sa.Column("learned", sa.Integer(), nullable=True),
    sa.Column("slots", postgresql.ARRAY(sa.Integer()), server_default="{}", nullable=False),
    sa.Column("newest", sa.BigInteger(), server_default="0", nullable=False),
)


def upgrade() -> None:
    """Apply. Old code must keep working on the new schema."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    for column in COLUMNS:
        op.add_column("budgets", column)
    op.alter_column("budgets", "window_started_at", server_default=sa.text("now()"))
    op.alter_column("budgets", "used", server_default="0")
    op.create_index(op.f("ix_budgets_tenant"), "budgets", ["tenant"])
    op.create_table(
        "budget_holds",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("budget_key", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_budget_holds")),
    )
    op.create_index(op.f("ix_budget_holds_budget_key"), "budget_holds", ["budget_key"])
    for function in FUNCTIONS:
        op.execute(function)


def downgrade() -> None:
    """Take back."""
    for function in reversed(FUNCTIONS):
        op.execute(f"DROP FUNCTION {function.split('(')[0].split()[-1]}")
    op.drop_table("budget_holds")
    op.drop_index(op.f("ix_budgets_tenant"), table_name="budgets")
    op.alter_column("budgets", "used", server_default=None)
    op.alter_column("budgets", "window_started_at", server_default=None)
    for column in reversed(COLUMNS):
        op.drop_column("budgets", column.name)
