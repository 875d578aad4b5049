"""Storage managers: the drivers of the kinds of SR that a pool knows."""

from typing import Literal

from podium.model.base import Lookup, PoolObject, Resource
from podium.model.identity import object_id
from podium.xapi.records import Ref, SMRecord


class SM(PoolObject, frozen=True, kw_only=True, gc=False, rename={"sm_type": "SM_type"}):
    """A storage driver. `configuration`: keys of a PBD's `device_config` and what they mean."""

    type: Literal["SM"] = "SM"
    sm_type: str
    name_label: str
    name_description: str
    vendor: str
    configuration: dict[str, str]
    features: dict[str, int]
    driver_filename: str
    required_cluster_stack: tuple[str, ...]
    supported_image_formats: tuple[str, ...]


RESOURCES = (Resource(type="SM", collection="sms", struct=SM, privilege="sm", title="storage manager"),)


def sm(ref: Ref, record: SMRecord, look: Lookup) -> SM:
    return SM(
        id=object_id(ref, record, look.pool_id),
        uuid=record.uuid,
        pool=look.pool_id,
        pool_id=look.pool_id,
        xapi_ref=ref,
        sm_type=record.type,
        name_label=record.name_label,
        name_description=record.name_description,
        vendor=record.vendor,
        configuration=record.configuration,
        features=record.features,
        driver_filename=record.driver_filename,
        required_cluster_stack=record.required_cluster_stack,
        supported_image_formats=record.supported_image_formats,
    )
