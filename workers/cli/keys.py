"""`fleet keys`: the keys that stored credentials are sealed with; `fleet keys api`: the API's."""

from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from workers.cli import keys_api, say
from workers.cli.enqueue import AsJson

if TYPE_CHECKING:
    from infra.crypto import Vault
    from workers.keys import Sealed

app = typer.Typer(
    help="Keys that seal stored credentials: make, rotate, check. `keys api`: the HTTP API's.",
    no_args_is_help=True,
)
app.add_typer(keys_api.app, name="api")


@app.command()
def new() -> None:
    """Make a key and print it. It goes in front of FLEET_SECRET_KEYS, everywhere, first."""
    from infra.crypto import Vault  # noqa: PLC0415

    typer.echo(Vault.new_key())


@app.command()
def rotate(
    *,
    keep_keys: Annotated[
        bool, typer.Option("--keep-keys", help="Make no key: the first one there is new.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Seal everything anew under the newest key; safe while the fleet runs.

    With a key file (the local fleet has one) a new key is made and put in front of it. With
    FLEET_SECRET_KEYS the new key must be there already, in every process.
    """
    from workers import keys  # noqa: PLC0415
    from workers.cli import reach  # noqa: PLC0415

    with reach.fleet() as fleet:
        _put_a_new_key_in_front(fleet.vault, keep_keys=keep_keys)
        found = keys.reseal(fleet.database, fleet.vault)
        in_file = fleet.vault.file is not None
    if in_file:
        after = "the old key is kept until: fleet keys prune"
    else:
        after = "now take the old key out of FLEET_SECRET_KEYS, and restart"
    _show(found, as_json=as_json, after=after)


@app.command()
def check(*, as_json: AsJson = False) -> None:
    """Tell whether anything is still sealed with an older key; then the exit status is 1."""
    from workers import keys  # noqa: PLC0415
    from workers.cli import reach  # noqa: PLC0415

    with reach.fleet() as fleet:
        found = keys.check(fleet.database, fleet.vault)
    _show(found, as_json=as_json, after="older keys are not needed")


@app.command()
def prune(*, as_json: AsJson = False) -> None:
    """Drop the older keys from the key file, once nothing is sealed with them."""
    from infra.embedded.ledger import write_private  # noqa: PLC0415
    from workers import keys  # noqa: PLC0415
    from workers.cli import reach  # noqa: PLC0415

    with reach.fleet() as fleet:
        vault = fleet.vault
        if vault.file is None:
            raise say.Failed("the keys are in FLEET_SECRET_KEYS: take the old ones out there")
        held = vault.keys
        found = keys.check(fleet.database, vault)
        if not found.older:
            write_private(vault.file, held[0])
            found = keys.check(fleet.database, vault)
            if found.closed:  # sealed with an old key at that very moment
                write_private(vault.file, ",".join(held))
                raise say.Failed("an old key is needed after all, and kept", ["fleet keys rotate"])
    _show(found, as_json=as_json, after=f"{len(held) - 1} older keys are dropped")


def _put_a_new_key_in_front(vault: "Vault", *, keep_keys: bool) -> None:
    from infra.embedded.ledger import write_private  # noqa: PLC0415

    held = vault.keys
    if keep_keys:
        return
    if vault.file is not None:
        try:
            write_private(vault.file, ",".join([vault.new_key(), *held]))
        except OSError as error:
            words = f"{vault.file} cannot be written: {error.strerror}"
            hints = ["put a new key in front of it (fleet keys new), then: rotate --keep-keys"]
            raise say.Failed(words, hints) from error
    elif len(held) < 2:
        raise say.Failed(
            "FLEET_SECRET_KEYS holds one key, so there is nothing to rotate to",
            [
                "1. Make one: fleet keys new",
                "2. Set FLEET_SECRET_KEYS=NEW,OLD for every process, and restart them",
                "3. fleet keys rotate",
            ],
        )


def _show(found: "Sealed", *, as_json: bool, after: str) -> None:
    plain = {
        "resealed": found.resealed,
        "newest": found.newest,
        "older": found.older,
        "closed": found.closed,
    }
    text = Text()
    if found.resealed:
        text.append(f"{found.resealed} sealed anew\n")
    text.append(f"{found.newest} under the newest key, {found.older} under older ones")
    if found.closed:
        text.append(f"\n✗ no key opens: {', '.join(found.closed)}; connect them again", "bold red")
    well = not found.older and not found.closed
    if well:
        text.append(f"\n✓ {after}", "green")
    say.answer(as_json, plain, text)
    if not well:
        raise typer.Exit(1)
