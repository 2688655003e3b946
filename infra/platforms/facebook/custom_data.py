"""What a conversion was about, in a request. Source: Meta, "Custom Data Parameters"."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PlainSerializer, StringConstraints

from infra.platforms.facebook.user_data import Text

ITEMS_MAX = 1_000
PROPERTIES_MAX = 50
AMOUNT_DIGITS_MAX = 15  # as many as a JSON number carries exactly


def _property(given: Any) -> Any:
    plain = str | bool | int | float
    every = given if isinstance(given, list) else [given]
    if not all(isinstance(one, plain) for one in every):
        raise ValueError("must be a string, a number, a boolean, or a list of these")
    return given


Name = Annotated[str, StringConstraints(min_length=1, max_length=100, strip_whitespace=True)]
Number = Annotated[int, Field(ge=0)]
Ids = Annotated[list[Text], Field(min_length=1, max_length=ITEMS_MAX)]
Amount = Annotated[
    Decimal,
    Field(ge=0, max_digits=AMOUNT_DIGITS_MAX),
    PlainSerializer(float, return_type=float, when_used="json"),
]
Property = Annotated[Any, BeforeValidator(_property)]
Delivery = Literal["in_store", "curbside", "home_delivery"]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{3}$", to_upper=True)]
Properties = Annotated[dict[Name, Property], Field(max_length=PROPERTIES_MAX)]


@dataclass(frozen=True)
class Content:
    """One of the things bought or looked at."""

    id: Text
    quantity: Number | None = None
    item_price: Amount | None = None
    title: Text | None = None
    description: Text | None = None
    brand: Text | None = None
    category: Text | None = None
    delivery_category: Delivery | None = None


@dataclass(frozen=True)
class CustomData:
    """What it was about. `custom_properties` are the sender's own, put beside the others."""

    value: Amount | None = None
    currency: Currency | None = None
    net_revenue: Amount | None = None
    predicted_ltv: Amount | None = None
    content_name: Text | None = None
    content_category: Text | None = None
    content_ids: Ids | None = None
    content_type: Literal["product", "product_group"] | None = None
    contents: Annotated[list[Content], Field(max_length=ITEMS_MAX)] | None = None
    num_items: Number | None = None
    order_id: Text | None = None
    search_string: Text | None = None
    status: Property | None = None
    item_number: Text | None = None
    delivery_category: Delivery | None = None
    custom_properties: Properties | None = None
