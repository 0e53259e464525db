"""Of each settlement also: whether the likeliest outcome came, the loss expected, a flat stake, the closing line."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0006"
down_revision: Final = "0005"
branch_labels: Final = None
depends_on: Final = None


def upgrade() -> None:
    """Add the columns, empty for what was settled before; the next settling fills them."""
    op.add_column("settlements", sa.Column("correct", sa.Boolean(), nullable=True))
    for name in ("expected", "stake", "returned", "closing_value"):
        op.add_column("settlements", sa.Column(name, sa.Double(), nullable=True))
