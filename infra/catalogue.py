"""Everything the platforms declare, by name. Built once; refuses what clashes."""

from collections.abc import Mapping, Sequence

from infra.platform import ActionType, EffectType, Platform, UnsafeDeclaration
from infra.reads import Read


class Catalogue:
    """Look-up of platforms, action types and effects by their exact names."""

    def __init__(self, platforms: Sequence[Platform]) -> None:
        self.platforms: Mapping[str, Platform] = {p.name: p for p in platforms}
        self.actions: dict[str, ActionType] = {}  # what may be asked for
        self.own: dict[str, ActionType] = {}  # what the fleet alone wishes
        self._platform_of_action: dict[str, Platform] = {}
        self._effects: dict[str, tuple[Platform, EffectType]] = {}
        self.reads: dict[str, tuple[Platform, Read]] = {
            name: (platform, one) for platform in platforms for name, one in platform.reads.items()
        }
        for platform in platforms:
            for action in platform.actions:
                if action.name in self._platform_of_action:
                    raise UnsafeDeclaration(f"two platforms declare {action.name}")
                (self.own if action.own else self.actions)[action.name] = action
                self._platform_of_action[action.name] = platform
            for effect in platform.effects:
                if effect.name in self._effects:
                    raise UnsafeDeclaration(f"two effects are called {effect.name}")
                self._effects[effect.name] = (platform, effect)

    def action(self, name: str) -> ActionType:
        """Return the declaration of any action type, the fleet's own ones too.

        Raises:
            KeyError: there is none of this name.
        """
        return self.own[name] if name in self.own else self.actions[name]

    def platform_of(self, action_type: str) -> Platform:
        """Return the platform that carries an action type out."""
        return self._platform_of_action[action_type]

    def effect(self, name: str) -> tuple[Platform, EffectType]:
        """Return an effect's declaration and its platform."""
        return self._effects[name]

    def queue_of(self, action_type: str) -> str:
        """Return the queue on which an action of this type starts."""
        return self.action(action_type).queue or self.platform_of(action_type).queues[0]

    @property
    def queues(self) -> tuple[str, ...]:
        """Every platform queue."""
        return tuple(queue for p in self.platforms.values() for queue in p.queues)

    def in_flight(self) -> dict[str, int]:
        """Return how many actions of one integration may be rung or running, per queue."""
        return {q: p.limits.in_flight for p in self.platforms.values() for q in p.queues}

    def task_name(self, action_type: str) -> str:
        """Name of its Celery task, as Flower shows it: `xero.create_invoice`."""
        platform = self.platform_of(action_type).name
        return f"{platform}.{action_type.removeprefix(platform + '_')}"
