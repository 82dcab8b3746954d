"""The keys around trading: where orders go, where the journal lies, how the API listens, what is logged."""

from __future__ import annotations

from typing import Final

from holdfast.config.keys import Key, make_key
from holdfast.config.values import HttpSection, JournalSection, LogSection, VenueSection
from holdfast.model.settings import EngineSettings

VENUE_KEYS: Final[tuple[Key, ...]] = (
    make_key(
        "venue.name",
        VenueSection,
        why="Where orders go. It is decided here and nowhere else, and stands in every log line, result and prompt.",
    ),
    make_key(
        "venue.api_key",
        VenueSection,
        example='"the key as the venue shows it"',
        why="The public half of the API key. Empty on paper means the paper exchange's own default account.",
    ),
    make_key(
        "venue.api_key_file",
        VenueSection,
        file=True,
        example='"/etc/holdfast/live.api-key"',
        why="The API key in a file of its own, instead of api_key; the same rules as for secrets apply.",
    ),
    make_key(
        "venue.key_type",
        VenueSection,
        why="How requests are signed. With ed25519 the private key never leaves this host; prefer it.",
    ),
    make_key(
        "venue.api_secret",
        VenueSection,
        secret=True,
        example='"paper-secret"',
        why="The HMAC secret written out. Only paper takes it: real secrets belong into a file.",
    ),
    make_key(
        "venue.api_secret_file",
        VenueSection,
        file=True,
        example='"/etc/holdfast/live.secret"',
        why="The HMAC secret. The file must be readable by its owner only and not be a link out of its folder.",
    ),
    make_key(
        "venue.private_key_file",
        VenueSection,
        file=True,
        example='"/etc/holdfast/live-ed25519.pem"',
        why="The Ed25519 private key (PEM) for key_type = ed25519; the same rules as for api_secret_file apply.",
    ),
    make_key(
        "venue.key_fingerprint",
        VenueSection,
        example='"live:0123456789abcdef"',
        why=(
            "Binds the key to the venue, so that a live key can never be used on demo or the other way round by an "
            "exchanged file. `holdfast config --fingerprint` prints it; live requires it."
        ),
    ),
    make_key(
        "venue.allow_key_without_ip_list",
        VenueSection,
        why="Live refuses a key that works from every address, because a stolen one can drain the account by bad "
        "trades even without the right to withdraw. True accepts it, with a warning at every start.",
    ),
    make_key(
        "venue.rest_url",
        VenueSection,
        example='"http://127.0.0.1:8430"',
        why="Paper only: where its REST interface is, if not at the default place.",
    ),
    make_key(
        "venue.ws_api_url",
        VenueSection,
        example='"ws://127.0.0.1:8430/ws-fapi/v1"',
        why="Paper only: where its WebSocket API is, if not at the default place.",
    ),
    make_key(
        "venue.stream_url",
        VenueSection,
        example='"ws://127.0.0.1:8430"',
        why="Paper only: the base of its /public, /market and /private streams, if not at the default place.",
    ),
)

ACCOUNT_KEYS: Final[tuple[Key, ...]] = (
    make_key(
        "account.name",
        EngineSettings,
        field="account",
        default="main",
        example='"main"',
        why="Names the account in ids, results and file names. Order ids are derived from it: never change it while "
        "a trade is open.",
    ),
    make_key(
        "account.multi_assets",
        EngineSettings,
        why="Whether the account is in multi-assets mode. The engine never changes the mode; a mismatch refuses start.",
    ),
    make_key(
        "account.margin_asset",
        EngineSettings,
        example='"USDC"',
        why="The asset in which limits are stated and the daily loss is measured. Entries on symbols that are margined "
        "in another asset are denied: their losses would not count.",
    ),
    make_key(
        "account.taker_fee",
        EngineSettings,
        unit="fraction of notional",
        low="0",
        high="0.01",
        why="Used for sizing only: risk counts the fee both ways, at this rate or at the account's own where that is "
        "higher. The account's is read for the symbols that symbols.allow names; for all others this must be right. "
        "What was really paid comes from the venue.",
    ),
)

JOURNAL_KEYS: Final[tuple[Key, ...]] = (
    make_key(
        "journal.path",
        JournalSection,
        file=True,
        example='"holdfast-paper-main.sqlite"',
        why="The journal's file. Empty means holdfast-<venue>-<account>.sqlite beside this file, so that the "
        "journals of two venues never mix.",
    ),
    make_key(
        "journal.latch_file",
        JournalSection,
        file=True,
        example='"holdfast-paper-main.latch"',
        why="While this file exists no entry leaves; `holdfast kill` makes it. Empty means beside the journal.",
    ),
    make_key(
        "journal.lock_folder",
        JournalSection,
        file=True,
        example='"/var/lib/holdfast/locks"',
        why="Where the engines of this host see each other: one per key, and only as many as one address can watch. "
        "Empty means ~/.local/state/holdfast; on paper beside the journal.",
    ),
    make_key(
        "journal.snapshot_every_events",
        JournalSection,
        unit="events",
        low="100",
        high="10000000",
        why="A restart reads the newest snapshot and the events after it: fewer events, quicker restart.",
    ),
)

HTTP_KEYS: Final[tuple[Key, ...]] = (
    make_key(
        "http.bind",
        HttpSection,
        example='"127.0.0.1"',
        why="The address the API listens on. Anything but loopback needs a token and tls_terminated = true.",
    ),
    make_key(
        "http.port",
        HttpSection,
        low="1",
        high="65535",
        why="The port the API listens on.",
    ),
    make_key(
        "http.token_file",
        HttpSection,
        file=True,
        example='"holdfast.token"',
        why="Whoever knows this token may trade. At least 32 characters; `holdfast config --init` makes one.",
    ),
    make_key(
        "http.allow_no_token",
        HttpSection,
        why="True opens the API to every program on this machine. Accepted on loopback only.",
    ),
    make_key(
        "http.tls_terminated",
        HttpSection,
        why="Says that a proxy in front encrypts. Without it the API refuses to listen beyond loopback.",
    ),
    make_key(
        "http.max_event_streams",
        HttpSection,
        unit="connections",
        low="1",
        high="1000",
        why="How many readers of /v1/events are served at once; a limit keeps a leaking client from eating memory.",
    ),
)

SYMBOL_KEYS: Final[tuple[Key, ...]] = (
    make_key(
        "symbols.allow",
        EngineSettings,
        field="symbols",
        example='["BTCUSDT", "ETHUSDT"]',
        why="The symbols that may be traded; empty means all that trade, which live refuses: an allow-list bounds "
        "what a stolen key or a broken source can do.",
    ),
    make_key(
        "symbols.margin_type",
        EngineSettings,
        why="Set on a symbol before its first entry, only while nothing of anybody is open there.",
    ),
    make_key(
        "symbols.default_leverage",
        EngineSettings,
        unit="times",
        low="1",
        high="125",
        why="The leverage of an intent that names none. It sets margin and liquidation price, not the size.",
    ),
)

LOG_KEYS: Final[tuple[Key, ...]] = (
    make_key("log.level", LogSection, why="The least severe line that is written."),
    make_key(
        "log.format", LogSection, why="auto is readable text on a terminal and one JSON object per line elsewhere."
    ),
)
