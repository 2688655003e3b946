"""Which dataset a token opens. Source: Meta, Conversions API, "Get Started"."""

from domain.actions.outcome import Deferred, Rejected
from infra.connecting import Connectable, Connecting, Field
from infra.platforms.facebook.errors import read
from infra.platforms.facebook.sending import VERSION
from infra.session import Session

FIELDS = (
    Field("access_token", "FACEBOOK_ACCESS_TOKEN", "Access token (EAA…)"),
    Field("dataset_id", "FACEBOOK_DATASET_ID", "Dataset (pixel) id", hidden=False),
)


def check(session: Session) -> Connectable | Rejected | Deferred:
    """Read the dataset's name with the token.

    Raises:
        TooLate, Broken: see `infra.exchange`.
    """
    dataset = str(session.credentials["dataset_id"]).strip()
    if not dataset.isdecimal():
        return Rejected("no_dataset", "the dataset's id must be digits, as Events Manager shows it")
    answer = read(
        session.send(
            "GET",
            f"/{VERSION}/{dataset}",
            query={"fields": "id,name"},
            headers={"Authorization": f"Bearer {session.credentials['access_token']}"},
        )
    )
    if isinstance(answer, Rejected | Deferred):
        return answer
    if not isinstance(answer, dict) or str(answer.get("id")) != dataset:
        return Rejected("unreadable_answer", "Meta: the answer does not name the dataset")
    return Connectable(dataset, str(answer.get("name") or dataset))


CONNECTING = Connecting(FIELDS, check)
