"""API keys: nothing of a key ever changes, but that it is revoked, once."""

from typing import Final

import sqlalchemy as sa
from alembic import op

from touchline.adapters.schema import Moment

revision: Final = "0004"
down_revision: Final = "0003"
branch_labels: Final = None
depends_on: Final = None

_Number = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_KEPT: Final = ("number", "id", "name", "digest", "scopes", "per_minute", "created", "expires")

_SQLITE: Final = (
    f"""
CREATE TRIGGER api_keys_keep_update BEFORE UPDATE ON api_keys
WHEN OLD.revoked IS NOT NULL OR {" OR ".join(f"NEW.{name} IS NOT OLD.{name}" for name in _KEPT)}
BEGIN
    SELECT RAISE(ABORT, 'touchline: api_keys are revoked once and never changed');
END
""",
    """
CREATE TRIGGER api_keys_keep_delete BEFORE DELETE ON api_keys
BEGIN
    SELECT RAISE(ABORT, 'touchline: api_keys are revoked once and never changed');
END
""",
    """
CREATE TRIGGER api_keys_no_replace BEFORE INSERT ON api_keys
WHEN EXISTS (
    SELECT 1 FROM api_keys AS kept WHERE kept.number = NEW.number OR kept.id = NEW.id OR kept.digest = NEW.digest
)
BEGIN
    SELECT RAISE(ABORT, 'touchline: api_keys are revoked once and never changed');
END
""",
)

_POSTGRESQL: Final = (
    """
CREATE FUNCTION touchline_keep_keys() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.revoked IS NOT NULL OR to_jsonb(NEW) - 'revoked' <> to_jsonb(OLD) - 'revoked' THEN
        RAISE EXCEPTION 'touchline: api_keys are revoked once and never changed'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$
""",
    "CREATE TRIGGER api_keys_keep_update BEFORE UPDATE ON api_keys FOR EACH ROW EXECUTE FUNCTION touchline_keep_keys()",
    "CREATE TRIGGER api_keys_keep BEFORE DELETE OR TRUNCATE ON api_keys "
    "FOR EACH STATEMENT EXECUTE FUNCTION touchline_keep()",
)


def upgrade() -> None:
    """Add the table and the triggers that keep it as written."""
    op.create_table(
        "api_keys",
        sa.Column("number", _Number, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("per_minute", sa.BigInteger(), nullable=False),
        sa.Column("created", Moment(), nullable=False),
        sa.Column("expires", Moment(), nullable=True),
        sa.Column("revoked", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("id"),
        sa.UniqueConstraint("digest"),
    )
    for statement in _POSTGRESQL if op.get_bind().dialect.name == "postgresql" else _SQLITE:
        op.execute(statement)
