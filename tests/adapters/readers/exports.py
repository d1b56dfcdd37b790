# ruff: noqa: RUF001 - letters of other alphabets look like ours
"""Exports as Strava writes them in many languages, and as tools leave them: made here, from one history."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from attrs import evolve, frozen

from commitcollect_core.training.workouts import ActivitySnapshot
from commitcollect_core.values import ActivityId, Source

FIRST = datetime(2025, 1, 3, 18, 5, 9, tzinfo=UTC)
_SPORTS = ("Ride", "Run", "Swim", "Rowing", "Ride", "Walk")


def history(count: int = 24) -> list[ActivitySnapshot]:
    """Workouts of every month whose distances survive being shown with two decimals."""
    return [
        ActivitySnapshot(
            source=Source.STRAVA,
            activity_id=ActivityId(str(14_000_000_000 + 7_919 * number)),
            sport_type=_SPORTS[number % len(_SPORTS)],
            started_at=FIRST + timedelta(days=15 * number, hours=number % 24, minutes=number),
            distance_meters=1_500 if number % 6 in {2, 3} else 5_010 + 10 * number,
            elevation_meters=number,
            moving_seconds=3_000 + number,
            elapsed_seconds=3_100 + number,
            name=f"Nr {number}",
            is_flagged=number % 8 == 5,
        )
        for number in range(count)
    ]


@frozen(kw_only=True)
class Language:
    """How an account of one language has its export written.

    Attributes:
        titles: id, date, name, type, elapsed time, distance, moving time, climb, flags.
        date: writes a start.
        sports: display names of `_SPORTS`' sports.
        decimal: mark in numbers for people.
        thousands: the other one.
    """

    titles: Sequence[str]
    date: Callable[[datetime], str]
    sports: Mapping[str, str]
    decimal: str = ","
    thousands: str = "."
    is_known: bool = True


def _named(months: str, pattern: str) -> Callable[[datetime], str]:
    names = months.split()
    return lambda at: pattern.format(
        at=at, day=at.day, month=names[at.month - 1], year=at.year, hour12=(at.hour + 11) % 12 + 1,
        half="a.m." if at.hour < 12 else "p.m.", HALF="AM" if at.hour < 12 else "PM",
    )  # fmt: skip


def _split(titles: str) -> tuple[str, ...]:
    return tuple(titles.split("|"))


def _digits(pattern: str) -> Callable[[datetime], str]:
    return lambda at: pattern.format(at=at, day=at.day, month=at.month, year=at.year)


def _korean(at: datetime) -> str:
    half = "오전" if at.hour < 12 else "오후"
    return f"{at.year}. {at.month}. {at.day}. {half} {(at.hour + 11) % 12 + 1}:{at:%M:%S}"


def _sports(ride: str, run: str, swim: str, rowing: str, walk: str) -> dict[str, str]:
    return {"Ride": ride, "Run": run, "Swim": swim, "Rowing": rowing, "Walk": walk}


LANGUAGES = {
    "English": Language(
        titles=_split(
            "Activity ID|Activity Date|Activity Name|Activity Type|Elapsed Time|Distance|"
            "Moving Time|Elevation Gain|"
            '<span class="translation_missing" title="x">Flagged</span>'
        ),
        date=_named(
            "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec",
            "{month} {day}, {year}, {hour12}:{at:%M:%S}\u202f{HALF}",
        ),
        sports=_sports("Ride", "Run", "Swim", "Rowing", "Walk"),
        decimal=".",
        thousands=",",
    ),
    "British": Language(
        titles=_split(
            "Activity ID|Activity Date|Activity Name|Activity Type|Elapsed Time|Distance|"
            "Moving Time|Elevation Gain|Flagged"
        ),
        date=_named(
            "Jan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec", "{day} {month} {year}, {at:%H:%M:%S}"
        ),
        sports=_sports("Ride", "Run", "Swim", "Rowing", "Walk"),
        decimal=".",
        thousands=",",
    ),
    "German": Language(
        titles=_split(
            "Aktivitäts-ID|Aktivitätsdatum|Name der Aktivität|Aktivitätsart|"
            "Verstrichene Zeit|Distanz|Bewegungszeit|Höhenzunahme|Markiert"
        ),
        date=_digits("{at:%d.%m.%Y, %H:%M:%S}"),
        sports=_sports("Radfahrt", "Lauf", "Schwimmen", "Rudern", "Spaziergang"),
    ),
    "Dutch": Language(
        titles=_split(
            "Activiteits-ID|Datum van activiteit|Naam van activiteit|Activiteitstype|"
            "Verstreken tijd|Afstand|Beweegtijd|Hoogteverschil|Gemeld"
        ),
        date=_named("jan feb mrt apr mei jun jul aug sep okt nov dec", "{day} {month} {year}, {at:%H:%M:%S}"),
        sports=_sports("Fietsrit", "Hardloopsessie", "Zwemmen", "Roeien", "Wandeling"),
    ),
    "Spanish": Language(
        titles=_split(
            "Id. de actividad|Fecha de la actividad|Nombre de la actividad|"
            "Tipo de actividad|Tiempo transcurrido|Distancia|Tiempo en movimiento|"
            "Desnivel positivo|Marcado"
        ),
        date=_named(
            "ene feb mar abr may jun jul ago sept oct nov dic",
            "{day} {month} {year}, {hour12}:{at:%M:%S}\u202f{half}",
        ),
        sports=_sports("Bicicleta", "Carrera", "Natación", "Remo", "Caminata"),
    ),
    "French": Language(
        titles=_split(
            "ID de l’activité|Date de l’activité|Nom de l’activité|Type d’activité|"
            "Temps écoulé|Distance|Durée de déplacement|Dénivelé positif|Signalé"
        ),
        date=_named(
            "janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc.",
            "{day} {month} {year}, {at:%H:%M:%S}",
        ),
        sports=_sports("Vélo", "Course à pied", "Natation", "Aviron", "Marche"),
        thousands="\u202f",
    ),
    "Italian": Language(
        titles=_split(
            "ID attività|Data dell’attività|Nome attività|Tipo attività|Tempo trascorso|"
            "Distanza|Tempo in movimento|Dislivello|Segnalata"
        ),
        date=_named("gen feb mar apr mag giu lug ago set ott nov dic", "{day} {month} {year}, {at:%H:%M:%S}"),
        sports=_sports("Ciclismo", "Corsa", "Nuotata", "Canottaggio", "Camminata"),
    ),
    "Portuguese": Language(
        titles=_split(
            "ID da atividade|Data da atividade|Nome da atividade|Tipo de atividade|"
            "Tempo decorrido|Distância|Tempo de movimentação|Ganho de elevação|Sinalizada"
        ),
        date=_named(
            "jan. fev. mar. abr. mai. jun. jul. ago. set. out. nov. dez.",
            "{day} de {month} de {year}, {at:%H:%M:%S}",
        ),
        sports=_sports("Pedalada", "Corrida", "Natação", "Remo", "Caminhada"),
    ),
    "Polish": Language(
        titles=_split(
            "Identyfikator aktywności|Data aktywności|Nazwa aktywności|Rodzaj aktywności|"
            "Czas całkowity|Dystans|Czas ruchu|Przewyższenie|Oflagowane"
        ),
        date=_named("sty lut mar kwi maj cze lip sie wrz paź lis gru", "{day} {month} {year}, {at:%H:%M:%S}"),
        sports=_sports("Jazda", "Bieg", "Pływanie", "Rowing", "Spacer"),
        thousands="\u00a0",
    ),
    "Chinese": Language(
        titles=_split("活动 ID|活动日期|活动名称|活动类型|全程耗时|距离|移动时间|爬升海拔|已标记"),
        date=_digits("{year}年{month}月{day}日 {at:%H:%M:%S}"),
        sports=_sports("骑行", "跑步", "游泳", "划船", "步行"),
        decimal=".",
        thousands=",",
    ),
    "Japanese": Language(
        titles=_split("アクティビティのID|日付|名前|種類|経過時間|距離の値|動いた時間|登った高さ|報告済み"),
        date=_digits("{at:%Y/%m/%d %H:%M:%S}"),
        sports=_sports("ライド", "ランニング", "水泳", "Rowing", "ウォーキング"),
        decimal=".",
        thousands=",",
        is_known=False,
    ),
    "Korean": Language(
        titles=_split("번호|날짜|이름|종류|시간|거리|이동|상승|신고"),
        date=_korean,
        sports=_sports("라이딩", "달리기", "수영", "Rowing", "걷기"),
        decimal=".",
        thousands=",",
        is_known=False,
    ),
    "Russian": Language(
        titles=_split("Номер|Дата|Имя|Вид|Время|Расстояние|В движении|Подъём|Помечено"),
        date=_named(
            "янв. февр. мар. апр. мая июн. июл. авг. сент. окт. нояб. дек.",
            "{day} {month} {year} г., {at:%H:%M:%S}",
        ),
        sports=_sports("Заезд", "Забег", "Плавание", "Rowing", "Ходьба"),
        thousands="\u00a0",
        is_known=False,
    ),
    "Danish": Language(
        titles=_split("Nummer|Dato|Navn|Slags|Tid|Længde|I gang|Stigning|Anmeldt"),
        date=_named(
            "jan. feb. mar. apr. maj jun. jul. aug. sep. okt. nov. dec.",
            "{day}. {month} {year} {at:%H.%M.%S}",
        ),
        sports=_sports("Cykeltur", "Løb", "Svømning", "Rowing", "Gåtur"),
        is_known=False,
    ),
    "Turkish": Language(
        titles=_split("Kimlik|Tarih|Ad|Tür|Süre|Mesafe|Hareket|Tırmanış|İşaretli"),
        date=_named("Oca Şub Mar Nis May Haz Tem Ağu Eyl Eki Kas Ara", "{day} {month} {year} {at:%H:%M:%S}"),
        sports=_sports("Sürüş", "Koşu", "Yüzme", "Rowing", "Yürüyüş"),
        is_known=False,
    ),
}

ID, DATE, NAME, TYPE, ELAPSED, DISTANCE, MOVING, CLIMB, FLAGS = range(9)


def table(language: Language, columns: int, snapshots: Sequence[ActivitySnapshot]) -> list[list[str]]:
    """The table of an account: the header and a row per workout, in the order Strava has had since 2019."""
    header = _columns(language, columns)
    return [
        [title for title, _ in header],
        *([write(each) for _, write in header] for each in snapshots),
    ]


def expected(
    columns: int, snapshots: Sequence[ActivitySnapshot], *, has_flags: bool
) -> list[ActivitySnapshot]:
    """What such a table tells of the workouts: one of ten columns lacks three measures."""
    if columns == 10:
        return [evolve(each, elevation_meters=0, moving_seconds=0, is_flagged=False) for each in snapshots]
    return list(snapshots) if has_flags else [evolve(each, is_flagged=False) for each in snapshots]


_Column = tuple[str, Callable[[ActivitySnapshot], str]]


def _columns(language: Language, columns: int) -> list[_Column]:
    named: list[_Column] = [
        (language.titles[ID], lambda each: each.activity_id),
        (language.titles[DATE], lambda each: language.date(each.started_at)),
        (language.titles[NAME], lambda each: each.name),
        (language.titles[TYPE], lambda each: language.sports[each.sport_type]),
        ("A1", lambda _: 'two\nlines, a "quote" and; more'),
        (language.titles[ELAPSED], lambda each: str(each.elapsed_seconds)),
        (language.titles[DISTANCE], lambda each: _shown(each, language)),
    ]
    if columns == 10:
        return [*named, ("A2", lambda _: "false"), ("A3", lambda _: ""), ("A4", lambda _: "activities/1.gpx")]
    named += [(f"B{chr(97 + at)}", lambda _: "150") for at in range(8)]
    named += [
        (language.titles[ELAPSED], lambda each: f"{each.elapsed_seconds}.0"),
        (language.titles[MOVING], lambda each: f"{each.moving_seconds}.0"),
        (language.titles[DISTANCE], lambda each: f"{each.distance_meters}.0"),
        ("Ca", lambda _: "5.5"),
        ("Cb", lambda _: "4.4"),
        (language.titles[CLIMB], lambda each: f"{each.elevation_meters}.2"),
        (language.titles[FLAGS], _flags),
    ]
    filler = (f"D{chr(97 + at // 26)}{chr(97 + at % 26)}" for at in range(columns - len(named)))
    return [*named, *((title, lambda _: "7.0") for title in filler)]


def _flags(each: ActivitySnapshot) -> str:
    """Strava writes 2 of some activities that are not flagged."""
    return "1.0" if each.is_flagged else ("2.0" if each.elevation_meters % 3 else "0.0")


def _shown(each: ActivitySnapshot, language: Language) -> str:
    if each.sport_type in {"Swim", "Rowing"}:
        return f"{each.distance_meters:,}".replace(",", language.thousands)
    return f"{each.distance_meters / 1_000:.2f}".replace(".", language.decimal)


def as_strava(rows: Sequence[Sequence[str]]) -> bytes:
    """As it comes."""
    return _written(rows, ",").encode()


def through_pandas(rows: Sequence[Sequence[str]]) -> bytes:
    """Read and written by pandas: the rows numbered, equal titles counted, ids as floats."""
    seen: dict[str, int] = {}
    titles = []
    for title in rows[0]:
        count = seen.get(title, 0)
        seen[title] = count + 1
        titles.append(f"{title}.{count}" if count else title)
    numbered = [[str(number), f"{row[0]}.0", *row[1:]] for number, row in enumerate(rows[1:])]
    return _written([["", *titles], *numbered], ",").encode()


def through_pandas_with_dates(rows: Sequence[Sequence[str]], snapshots: Sequence[ActivitySnapshot]) -> bytes:
    """The same, with the dates parsed, so that they are written as ISO dates."""
    dated = [
        [row[0], f"{each.started_at:%Y-%m-%d %H:%M:%S}", *row[2:]]
        for row, each in zip(rows[1:], snapshots, strict=True)
    ]
    return through_pandas([rows[0], *dated])


def through_r(rows: Sequence[Sequence[str]]) -> bytes:
    """Equal titles are told apart by their places."""
    repeated = {title for title in rows[0] if list(rows[0]).count(title) > 1}
    titles = [f"{title}...{at}" if title in repeated else title for at, title in enumerate(rows[0], 1)]
    return _written([titles, *rows[1:]], ",").encode()


def with_semicolons(rows: Sequence[Sequence[str]]) -> bytes:
    """From a spreadsheet where the comma is a decimal mark."""
    return _written(rows, ";").encode("utf-8-sig")


def as_unicode_text(rows: Sequence[Sequence[str]]) -> bytes:
    """What Excel calls so: tabs and UTF-16."""
    return _written(rows, "\t").encode("utf-16")


def with_separator_line(rows: Sequence[Sequence[str]]) -> bytes:
    """With the line that tells Excel what stands between cells."""
    return b"sep=;\r\n" + _written(rows, ";").encode()


def _written(rows: Sequence[Sequence[str]], delimiter: str) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows(rows)
    return text.getvalue()
