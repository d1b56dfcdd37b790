# ruff: noqa: RUF001 - letters of other alphabets look like ours
"""Languages of Strava's bulk export whose titles are not known, as data.

Their tables are read by the position of the columns. Months are those of the Unicode CLDR, which the exports'
dates follow; the sports are unconfirmed translations, and a wrong one costs a remark.
"""

from __future__ import annotations

from commitcollect_adapters.readers.columns import Locale, months_of, sports_of


def _dates_of(language: str, months: str, sports: dict[str, str], date_words: str = "") -> Locale:
    return Locale(
        language=language,
        headers={},
        months=months_of(months),
        sports=sports_of(sports),
        date_words=frozenset(date_words.split()),
        day_first=".",
        thousands="",
    )


DATES_ONLY = (
    _dates_of(
        "Japanese",
        "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec",
        {
            "Hike": "ハイキング",
            "Ride": "ライド",
            "Run": "ランニング|ラン",
            "Swim": "水泳|スイム",
            "TrailRun": "トレイルランニング|トレイルラン",
            "VirtualRide": "バーチャルライド",
            "Walk": "ウォーキング|ウォーク",
            "WeightTraining": "ウェイトトレーニング",
            "Workout": "ワークアウト",
        },
    ),
    _dates_of(
        "Korean",
        "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec",
        {
            "Hike": "하이킹|하이크",
            "Ride": "라이딩|라이드",
            "Run": "달리기|러닝",
            "Swim": "수영",
            "Walk": "걷기",
        },
    ),
    _dates_of(
        "Russian",
        "янв января|февр фев февраля|мар марта март|апр апреля|мая май|июн июня июнь|июл июля июль"
        "|авг августа|сент сен сентября|окт октября|нояб ноя ноября|дек декабря",
        {
            "Hike": "Поход",
            "Ride": "Заезд|Велозаезд|Велосипед",
            "Run": "Забег|Бег",
            "Swim": "Плавание|Заплыв",
            "VirtualRide": "Виртуальный заезд",
            "Walk": "Ходьба|Прогулка",
            "Workout": "Тренировка",
        },
        "г в",
    ),
    _dates_of(
        "Swedish",
        "jan januari|feb februari|mar mars|apr april|maj|jun juni|jul juli|aug augusti|sep september"
        "|okt oktober|nov november|dec december",
        {
            "Hike": "Vandring",
            "Ride": "Cykling|Cykeltur",
            "Run": "Löpning|Löprunda",
            "Swim": "Simning",
            "Walk": "Promenad",
            "WeightTraining": "Styrketräning",
        },
        "kl",
    ),
    _dates_of(
        "Danish",
        "jan januar|feb februar|mar marts|apr april|maj|jun juni|jul juli|aug august|sep september"
        "|okt oktober|nov november|dec december",
        {
            "Hike": "Vandretur",
            "Ride": "Cykeltur",
            "Run": "Løb|Løbetur",
            "Swim": "Svømning",
            "Walk": "Gåtur",
            "WeightTraining": "Styrketræning",
        },
        "kl den",
    ),
    _dates_of(
        "Norwegian",
        "jan januar|feb februar|mar mars|apr april|mai|jun juni|jul juli|aug august|sep september"
        "|okt oktober|nov november|des desember",
        {
            "Hike": "Fottur",
            "Ride": "Sykkeltur|Sykling",
            "Run": "Løping|Løpetur",
            "Swim": "Svømming",
            "Walk": "Gåtur",
            "WeightTraining": "Styrketrening",
        },
        "kl",
    ),
    _dates_of(
        "Turkish",
        "oca ocak|şub şubat|mar mart|nis nisan|may mayıs|haz haziran|tem temmuz|ağu ağustos|eyl eylül"
        "|eki ekim|kas kasım|ara aralık",
        {
            "Hike": "Doğa Yürüyüşü",
            "Ride": "Sürüş|Bisiklet Sürüşü",
            "Run": "Koşu",
            "Swim": "Yüzme",
            "Walk": "Yürüyüş",
        },
    ),
    _dates_of(
        "Indonesian",
        "jan januari|feb februari|mar maret|apr april|mei|jun juni|jul juli|agu agustus|sep september"
        "|okt oktober|nov november|des desember",
        {"Ride": "Bersepeda", "Run": "Lari", "Swim": "Renang", "Walk": "Jalan Kaki|Jalan"},
        "pukul",
    ),
    _dates_of(
        "Czech",
        "led ledna|úno února|bře března|dub dubna|kvě května|čvn června|čvc července|srp srpna|zář září"
        "|říj října|listopadu|pro prosince",
        {"Ride": "Jízda|Jízda na kole", "Run": "Běh", "Swim": "Plavání", "Walk": "Chůze|Procházka"},
        "v",
    ),
    _dates_of(
        "Finnish",
        "tammi tammikuuta|helmi helmikuuta|maalis maaliskuuta|huhti huhtikuuta|touko toukokuuta"
        "|kesä kesäkuuta|heinä heinäkuuta|elo elokuuta|syys syyskuuta|loka lokakuuta|marras marraskuuta"
        "|joulu joulukuuta",
        {"Ride": "Pyöräily|Pyörälenkki", "Run": "Juoksu|Juoksulenkki", "Swim": "Uinti", "Walk": "Kävely"},
        "klo",
    ),
)
"""Languages whose titles are not known."""
