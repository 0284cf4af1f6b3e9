"""The feed registry: one YAML file per feed, read into one validated model.

Belongs here: what a feed file may say and what its words mean. Unknown keys are errors, because a misspelt key would
otherwise switch a rule off in silence. Does not belong here: how a protocol reaches its publisher
(`sources.protocols`) or how bytes become rows (`sources.loading`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError, model_validator

from sources.contracts import PartnerFeed
from sources.corrections import CORRECTIONS, Correction, read_corrections
from sources.errors import ConfigurationError
from sources.feed import COUNTRY, FeedBase, MeasureBase, Names, PeriodType, Strict, Table, as_tuple

FEEDS = Path(__file__).parent / "feeds"
SCHEMA_FILE = Path(__file__).parent / "feed.schema.json"


class Years(Strict):
    first: int = Field(default=0, alias="from")
    last: int = Field(default=9999, alias="to")


class Measure(MeasureBase):
    """A column that is carried to raw as a number.

    `stem` is the publisher's column name without its ordinal (``AantalInwoners_5`` → ``AantalInwoners``), or several
    names of the same quantity over the years. `unit` and `group` (title of a topic group above it, or several over the
    years) tell equal stems apart. `required` says in which tables the column must exist; elsewhere it is taken when present.
    """

    stem: Names
    group: Names | None = None
    required: bool | Years = True

    def is_required(self, table: Table) -> bool:
        if table.discovered:
            return False
        if isinstance(self.required, bool):
            return self.required
        return self.required.first <= table.year <= self.required.last


class Dimension(Strict):
    """A further dimension; its member becomes (part of) `breakdown`.

    `name` may list other names that tables of the feed use. `keep` restricts the members that are fetched, by code.
    `titles` does so by title, and its label takes the place of the code: codes differ between tables and are not
    always known beforehand, titles are what the publisher says about them. Each label has one title, or several over
    the years.
    """

    names: Names = Field(alias="name")
    keep: tuple[str, ...] = ()
    titles: Mapping[str, Names] = {}

    @model_validator(mode="after")
    def _chooses_in_one_way(self) -> Dimension:
        if self.keep and self.titles:
            raise ValueError("give keep (codes) or titles, not both")
        return self

    @property
    def name(self) -> str:
        """The first of its names, by which the feed file knows it."""
        return self.names[0]


class Margins(Strict):
    """The dimension that holds the publisher's own margins, and its members."""

    dimension: str
    value: str
    lower: str
    upper: str


class Period(Strict):
    """Where the period of a row comes from.

    ``table_year``: the year of the table. ``dimension``: an OData time dimension, `keep` its kind or kinds. ``column``:
    a file column with the year. ``as: KW`` stores months that end a quarter as quarters,
    ``as: SJ`` years as school years: some tables give these the keys of calendar years. ``slice: year`` fetches one
    delivery for each calendar year; those with any of the newest `repull_months` months come again with each new
    version, because recent months are corrected.
    """

    source: Literal["table_year", "dimension", "column"] = Field(alias="from")
    type: PeriodType = "JJ"
    dimension: str | None = None
    column: str | None = None
    keep: Annotated[tuple[PeriodType, ...], BeforeValidator(as_tuple)] = ()
    stored_as: Literal["KW", "SJ"] | None = Field(default=None, alias="as")
    slice: Literal["year"] | None = None
    repull_months: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _names_its_source(self) -> Period:
        if self.source == "dimension" and not self.dimension:
            raise ValueError("period.from: dimension needs period.dimension")
        if self.source == "column" and not self.column:
            raise ValueError("period.from: column needs period.column")
        if self.source != "dimension" and (self.keep or self.stored_as or self.slice):
            raise ValueError("keep, as and slice go with period.from: dimension")
        if (self.slice is None) != (self.repull_months is None):
            raise ValueError("slice and repull_months go together")
        return self


class PublishedFeed(FeedBase):
    """A feed that is fetched from a publisher, table by table."""

    tables: tuple[Table, ...] = Field(min_length=1)
    period: Period
    dimensions: tuple[Dimension, ...] = ()
    measures: Mapping[str, Measure] = Field(min_length=1)


class OdataRegion(Strict):
    """The geo dimension: found by its type in DataProperties, or by its name where the publisher types it as any other.

    `national_key` is the publisher's key of the country, null when its tables have no row for it.
    """

    national_key: str | None
    dimension: str | None = None


class Discover(Strict):
    """Words in the title of the catalogue entry by which next year's table is found.

    With `from_year` also tables of earlier years, from that year on, that the feed file does not name.
    """

    title_contains: str
    from_year: int | None = None


class CbsOdata3Feed(PublishedFeed):
    """A feed behind CBS's OData 3 interface (opendata.cbs.nl or dataderden.cbs.nl)."""

    protocol: Literal["cbs_odata3"]
    catalog: str
    discover: Discover | None = None
    region: OdataRegion
    margins: Margins | None = None

    def required_areas(self, required: Sequence[str]) -> list[str]:
        return [code for code in required if code != COUNTRY or self.region.national_key]


class CbsOdata4Feed(PublishedFeed):
    """A feed behind CBS's OData 4 interface. `service` is its root; without a `region` a table is about the country."""

    protocol: Literal["cbs_odata4"]
    service: str = Field(pattern=r"^https://[^?]+[^/?]$")
    catalog: str
    discover: Discover | None = None
    region: OdataRegion | None = None

    @model_validator(mode="after")
    def _is_fetched_whole(self) -> CbsOdata4Feed:
        if self.period.slice is not None:
            raise ValueError("slice goes with protocol: cbs_odata3")
        return self

    def required_areas(self, required: Sequence[str]) -> list[str]:
        if self.region is None:
            return [COUNTRY]
        return [code for code in required if code != COUNTRY or self.region.national_key]


class FileRegion(Strict):
    """The column that holds the area, and how a bare number becomes a code.

    `title` is the column with the area's name. `keep: all` carries rows of every area, for feeds whose national figure
    is the sum of all rows. The prefix ``PC`` makes areas of postcodes.
    """

    column: str
    title: str | None = None
    prefix: str = ""
    width: int = 0
    keep: Literal["scope", "all"] = "scope"


class RowsFeed(PublishedFeed):
    """A feed whose publisher gives rows under a header and no metadata."""

    @model_validator(mode="after")
    def _dimensions_are_columns(self) -> RowsFeed:
        if any(dimension.keep or dimension.titles or len(dimension.names) > 1 for dimension in self.dimensions):
            raise ValueError("a dimension of a file is a column with one name, without keep or titles")
        return self


class Member(Strict):
    """One file inside an archive: a glob on its base name, and its own area column."""

    pattern: str
    region: FileRegion


class DownloadFeed(RowsFeed):
    """A feed that is a file: CSV, XLSX, or a ZIP that holds them. `{table}` in `url` is the table's id."""

    protocol: Literal["download"]
    url: str = Field(pattern=r"^https://")
    format: Literal["csv", "xlsx", "zip"]
    region: FileRegion | None = None
    members: tuple[Member, ...] = ()
    encoding: str | None = None
    delimiter: str | None = Field(default=None, min_length=1, max_length=1)
    decimal: Literal[",", "."] = "."
    sheet: str | None = None
    header_row: int = Field(default=1, ge=1)

    @model_validator(mode="after")
    def _says_where_areas_are(self) -> DownloadFeed:
        if bool(self.members) == bool(self.region):
            raise ValueError("give either region (one file) or members (files inside a zip), not both or neither")
        if bool(self.members) != (self.format == "zip"):
            raise ValueError("members go with format: zip")
        if "{table}" not in self.url:
            raise ValueError("url must hold {table}")
        return self

    @property
    def carries_every_area(self) -> bool:
        regions = [self.region] if self.region else [member.region for member in self.members]
        return any(region.keep == "all" for region in regions)


class CkanFeed(RowsFeed):
    """A feed behind the action API of a CKAN portal; the id of a table is the id of a resource in its datastore."""

    protocol: Literal["ckan"]
    portal: str = Field(pattern=r"^https://[^/?]+$")
    region: FileRegion
    # CKAN never gives more than 32,000 records at once.
    page_size: int = Field(default=10_000, ge=1, le=32_000)

    def required_areas(self, required: Sequence[str]) -> list[str]:
        # Postcodes lie in municipalities, but are none: an expectation of the feed says which must be there.
        return [] if self.region.prefix == "PC" else super().required_areas(required)

    @property
    def carries_every_area(self) -> bool:
        return self.region.keep == "all"


class Collection(Strict):
    """One collection of features and its area column."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_-]*$")
    region: FileRegion


class OgcFeaturesFeed(RowsFeed):
    """A feed behind OGC API Features. `{table}` in `url` is the table's id.

    `municipality` is the property by which collections are filtered. `leave_out` names values of properties whose
    features are no areas of their own. The attribute with the stem ``geometry`` is the feature's polygon, simplified by
    at most `tolerance_m` metres.
    """

    protocol: Literal["ogc_features"]
    url: str = Field(pattern=r"^https://.*\{table\}")
    collections: tuple[Collection, ...] = Field(min_length=1)
    municipality: str
    leave_out: Mapping[str, tuple[str, ...]] = {}
    tolerance_m: float = Field(default=0, ge=0)


FetchedFeed = CbsOdata3Feed | CbsOdata4Feed | CkanFeed | DownloadFeed | OgcFeaturesFeed
Feed = Annotated[FetchedFeed | PartnerFeed, Field(discriminator="protocol")]
_FEED: TypeAdapter[Feed] = TypeAdapter(Feed)
Registry = dict[str, Feed]


def read_feed(path: Path) -> Feed:
    """Read one feed file.

    Raises:
        ConfigurationError: the file can't be read, is not YAML, or breaks a rule; the message names file and key.
    """
    try:
        # The C loader: the pure one takes most of the start-up of a run without news.
        document = yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader)  # noqa: S506 - it is safe
        feed = _FEED.validate_python(document)
    except ValidationError as error:
        lines = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise ConfigurationError(f"Feed file {path}: {lines}. The registry was not loaded.") from error
    except (OSError, yaml.YAMLError) as error:
        raise ConfigurationError(f"Feed file {path} can't be read: {error}. The registry was not loaded.") from error
    for key in ("corrections", "earlier"):
        if key in document:
            raise ConfigurationError(
                f"Feed file {path}: {key}: this is no word of a feed file (corrections stand in {CORRECTIONS.name}, earlier "
                "versions of a contract in files of their own). The registry was not loaded."
            )
    _require_place(feed, path)
    return feed


def _require_place(feed: Feed, path: Path) -> None:
    """The path of a feed file repeats its id; that of a contract its partner, id and version."""
    if isinstance(feed, PartnerFeed):
        fits = path.parts[-3:] == (feed.partner, feed.id, f"v{feed.version}.yml")
        expected = f"partners/{feed.partner}/{feed.id}/v{feed.version}.yml"
    else:
        fits, expected = path.stem == feed.id, f"{feed.id}.yml"
    if not fits:
        raise ConfigurationError(
            f"Feed file {path}: id '{feed.id}' differs from the file's name; expected {expected}. The registry was not loaded."
        )


def load_registry(folder: Path = FEEDS) -> Registry:
    """All feeds below `folder` by id, in the order of their ids, with the corrections of the file beside `folder`.

    Of a partner's contract the newest version, which knows those before it.

    Raises:
        ConfigurationError: a file is not a feed, an id stands twice, there is no feed at all, or a correction fits none.
    """
    found: dict[str, list[Feed]] = {}
    for path in sorted(folder.rglob("*.yml")):
        feed = read_feed(path)
        found.setdefault(feed.id, []).append(feed)
    if not found:
        raise ConfigurationError(f"No feed file below {folder}. The registry was not loaded.")
    registry: Registry = {feed_id: _newest(found[feed_id], folder) for feed_id in sorted(found)}
    corrections = folder.parent / CORRECTIONS.name
    return with_corrections(registry, read_corrections(corrections)) if corrections.exists() else registry


def _newest(files: Sequence[Feed], folder: Path) -> Feed:
    """The one file of a feed, or the newest version of a contract with those before it."""
    if len(files) == 1:
        return files[0]
    versions = sorted((f for f in files if isinstance(f, PartnerFeed)), key=lambda f: f.version, reverse=True)
    days = [contract.valid_from for contract in versions]
    if len(versions) < len(files) or len({c.partner for c in versions}) > 1:
        raise ConfigurationError(
            f"Feed id '{files[0].id}' stands in two files below {folder}. The registry was not loaded."
        )
    if days != sorted(set(days), reverse=True):
        raise ConfigurationError(
            f"Contract '{files[0].id}': valid_from of a version must be after that of the version before. The registry was not loaded."
        )
    return versions[0].model_copy(update={"earlier": tuple(versions[1:])})


def with_corrections(registry: Registry, corrections: Sequence[Correction]) -> Registry:
    """The registry in which each feed has its own corrections.

    Raises:
        ConfigurationError: a correction names a feed or measure that does not exist.
    """
    for correction in corrections:
        feed = registry.get(correction.feed_id)
        if feed is None or correction.measure not in feed.measures:
            raise ConfigurationError(
                f"Correction {correction.correction_id}: there is no measure '{correction.measure}' in a feed "
                f"'{correction.feed_id}'. The registry was not loaded."
            )
    return {
        feed_id: feed.model_copy(update={"corrections": tuple(c for c in corrections if c.feed_id == feed_id)})
        for feed_id, feed in registry.items()
    }


def json_schema() -> str:
    """The JSON Schema of a feed file, for editors."""
    return json.dumps(_FEED.json_schema(by_alias=True), indent=2, ensure_ascii=False, sort_keys=True) + "\n"
