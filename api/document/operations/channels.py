"""Channels of notifications: operations of /openapi.json."""

from api.document import examples
from api.document.answers.channels import Channel, Delivery, MadeChannel
from api.document.answers.shown import ListOf
from api.document.operation import GIVEN, JSON, Operation
from api.input.read import PAGE, PAGE_OF_A_SERVICE
from api.input.watching.channel_schemas import ChannelChanges, NewChannel

CHANNELS = (
    Operation(
        method="POST",
        path="/v1/channels",
        id="create_channel",
        summary="Make a channel; the secret of a webhook is shown this once",
        tag="Channels",
        status=201,
        answer=MadeChannel,
        body=NewChannel,
        body_example=examples.NEW_CHANNEL,
        errors=(404, 409, *GIVEN),
    ),
    Operation(
        method="GET",
        path="/v1/channels",
        id="list_channels",
        summary="Channels, newest first",
        tag="Channels",
        answer=ListOf[Channel],
        query=PAGE_OF_A_SERVICE,
    ),
    Operation(
        method="GET",
        path="/v1/channels/{channel_id}",
        id="get_channel",
        summary="One channel",
        tag="Channels",
        answer=Channel,
        errors=(404,),
    ),
    Operation(
        method="PATCH",
        path="/v1/channels/{channel_id}",
        id="change_channel",
        summary="Change a channel; an absent field stays",
        tag="Channels",
        answer=Channel,
        body=ChannelChanges,
        body_example={"is_active": False},
        errors=(404, *GIVEN),
    ),
    Operation(
        method="DELETE",
        path="/v1/channels/{channel_id}",
        id="delete_channel",
        summary="Delete a channel and its deliveries",
        tag="Channels",
        status=204,
        errors=(404,),
    ),
    Operation(
        method="POST",
        path="/v1/channels/{channel_id}/test",
        id="test_channel",
        summary="Send a message that says it is a test; what became of it",
        tag="Channels",
        answer=Delivery,
        body_types={JSON: {"type": "object", "maxProperties": 0}},
        body_is_optional=True,
        body_example={},
        errors=(404, *GIVEN),
    ),
    Operation(
        method="GET",
        path="/v1/channels/{channel_id}/deliveries",
        id="list_channel_deliveries",
        summary="What a channel was told, newest first",
        tag="Channels",
        answer=ListOf[Delivery],
        query=PAGE,
        errors=(404,),
    ),
)
