"""More languages of Strava's bulk export, as data.

Titles come from public scripts and bug reports that read such exports (Spanish, French, Italian, Portuguese,
Polish, Chinese); the rest of these, and nearly all sports, are unconfirmed translations. Months are those of
the Unicode CLDR, which the exports' dates follow.
"""

from __future__ import annotations

from commitcollect_adapters.readers.columns import Column, Locale, months_of, sports_of

SPANISH = Locale(
    language="Spanish",
    headers={
        Column.ID: ("id. de actividad", "id de actividad", "id de la actividad"),
        Column.DATE: ("fecha de la actividad", "fecha de actividad"),
        Column.NAME: ("nombre de la actividad", "nombre de actividad"),
        Column.TYPE: ("tipo de actividad",),
        Column.SPORT_TYPE: ("tipo de deporte",),
        Column.ELAPSED: ("tiempo transcurrido",),
        Column.MOVING: ("tiempo en movimiento", "tiempo de movimiento"),
        Column.DISTANCE: ("distancia",),
        Column.ELEVATION: ("desnivel positivo", "desnivel acumulado"),
        Column.FLAGGED: ("marcado", "marcada"),
    },
    months=months_of(
        "ene enero|feb febrero|mar marzo|abr abril|may mayo|jun junio|jul julio|ago agosto"
        "|sep sept septiembre set setiembre|oct octubre|nov noviembre|dic diciembre"
    ),
    sports=sports_of(
        {
            "AlpineSki": "Esquí alpino|Esquí",
            "BackcountrySki": "Esquí de montaña|Esquí de travesía|Esquí fuera de pista",
            "Canoeing": "Canoa|Piragüismo",
            "Crossfit": "CrossFit",
            "EBikeRide": "Bicicleta eléctrica|Vuelta en bici eléctrica|Paseo en bicicleta eléctrica",
            "EMountainBikeRide": "Bicicleta eléctrica de montaña",
            "Elliptical": "Elíptica",
            "GravelRide": "Gravel|Bicicleta de gravel|Ciclismo de gravel",
            "HighIntensityIntervalTraining": "HIIT|Entrenamiento de intervalos de alta intensidad",
            "Hike": "Senderismo|Excursión|Excursionismo|Caminata de montaña",
            "IceSkate": "Patinaje sobre hielo",
            "InlineSkate": "Patinaje en línea",
            "Kayaking": "Kayak",
            "MountainBikeRide": "Bicicleta de montaña|Ciclismo de montaña",
            "NordicSki": "Esquí de fondo|Esquí nórdico",
            "Ride": "Bicicleta|Ciclismo|Vuelta en bicicleta|Salida en bicicleta|Paseo en bicicleta|Pedaleada",
            "RockClimbing": "Escalada|Escalada en roca",
            "Rowing": "Remo",
            "Run": "Carrera|Correr|Carrera a pie",
            "Sail": "Vela|Navegación a vela",
            "Snowboard": "Snowboard",
            "Snowshoe": "Raquetas de nieve",
            "Soccer": "Fútbol",
            "StandUpPaddling": "Paddle surf|Surf de remo",
            "Surfing": "Surf",
            "Swim": "Natación|Nadar",
            "Tennis": "Tenis",
            "TrailRun": "Carrera de montaña|Carrera por senderos|Trail running|Carrera de trail",
            "VirtualRide": "Ciclismo virtual|Bicicleta virtual|Vuelta virtual|Salida virtual",
            "VirtualRow": "Remo virtual",
            "VirtualRun": "Carrera virtual",
            "Walk": "Caminata|Caminar|Andar",
            "WeightTraining": "Entrenamiento con pesas|Pesas|Entrenamiento de fuerza",
            "Workout": "Entrenamiento",
            "Yoga": "Yoga",
        }
    ),
    date_words=frozenset({"de", "a", "las"}),
    day_first="/.-",
    thousands=".",
)

FRENCH = Locale(
    language="French",
    headers={
        Column.ID: ("id de l'activité",),
        Column.DATE: ("date de l'activité",),
        Column.NAME: ("nom de l'activité",),
        Column.TYPE: ("type d'activité", "type de l'activité"),
        Column.SPORT_TYPE: ("type de sport",),
        Column.ELAPSED: ("temps écoulé",),
        Column.MOVING: ("durée de déplacement", "temps de déplacement"),
        Column.DISTANCE: ("distance",),
        Column.ELEVATION: ("dénivelé positif",),
        Column.FLAGGED: ("signalé", "signalée", "marqué"),
    },
    months=months_of(
        "janv janvier|févr février|mars|avr avril|mai|juin|juil juillet|août|sept septembre|oct octobre"
        "|nov novembre|déc décembre"
    ),
    sports=sports_of(
        {
            "AlpineSki": "Ski alpin|Ski",
            "BackcountrySki": "Ski de randonnée|Ski hors-piste",
            "Canoeing": "Canoë",
            "EBikeRide": "Vélo électrique|Sortie en vélo électrique|Vélo à assistance électrique",
            "EMountainBikeRide": "VTT électrique|VTT à assistance électrique",
            "Elliptical": "Vélo elliptique|Elliptique",
            "GravelRide": "Gravel|Vélo gravel|Sortie gravel",
            "HighIntensityIntervalTraining": "HIIT|Entraînement fractionné à haute intensité",
            "Hike": "Randonnée|Randonnée pédestre",
            "IceSkate": "Patinage sur glace|Patin à glace",
            "InlineSkate": "Roller|Patin à roues alignées",
            "Kayaking": "Kayak",
            "MountainBikeRide": "VTT|Sortie VTT",
            "NordicSki": "Ski de fond|Ski nordique",
            "Ride": "Vélo|Sortie à vélo|Sortie vélo|Cyclisme",
            "RockClimbing": "Escalade",
            "Rowing": "Aviron",
            "Run": "Course à pied|Course",
            "Sail": "Voile",
            "Snowboard": "Snowboard",
            "Snowshoe": "Raquettes|Raquette à neige",
            "Soccer": "Football",
            "StandUpPaddling": "Stand up paddle|Paddle",
            "Surfing": "Surf",
            "Swim": "Natation",
            "Tennis": "Tennis",
            "TrailRun": "Trail|Course de trail|Course en sentier",
            "VirtualRide": "Vélo virtuel|Sortie à vélo virtuelle|Cyclisme virtuel",
            "VirtualRow": "Aviron virtuel",
            "VirtualRun": "Course à pied virtuelle|Course virtuelle",
            "Walk": "Marche",
            "WeightTraining": "Musculation|Entraînement aux poids",
            "Workout": "Entraînement",
            "Yoga": "Yoga",
        }
    ),
    date_words=frozenset({"à", "le"}),
    day_first="/.",
    thousands="",
)

ITALIAN = Locale(
    language="Italian",
    headers={
        Column.ID: ("id attività", "id dell'attività"),
        Column.DATE: ("data dell'attività", "data attività"),
        Column.NAME: ("nome attività", "nome dell'attività"),
        Column.TYPE: ("tipo attività", "tipo di attività"),
        Column.SPORT_TYPE: ("tipo di sport", "tipo sport"),
        Column.ELAPSED: ("tempo trascorso",),
        Column.MOVING: ("tempo in movimento",),
        Column.DISTANCE: ("distanza",),
        Column.ELEVATION: ("dislivello", "dislivello positivo", "dislivello in salita"),
        Column.FLAGGED: ("segnalata", "segnalato", "contrassegnata"),
    },
    months=months_of(
        "gen gennaio|feb febbraio|mar marzo|apr aprile|mag maggio|giu giugno|lug luglio|ago agosto"
        "|set settembre|ott ottobre|nov novembre|dic dicembre"
    ),
    sports=sports_of(
        {
            "AlpineSki": "Sci alpino|Sci",
            "BackcountrySki": "Sci alpinismo|Scialpinismo",
            "Canoeing": "Canoa",
            "EBikeRide": "Giro in e-bike|E-bike|Bici elettrica",
            "EMountainBikeRide": "E-mountain bike|Giro in e-mountain bike",
            "Elliptical": "Ellittica",
            "GravelRide": "Gravel|Giro in gravel",
            "HighIntensityIntervalTraining": "HIIT",
            "Hike": "Escursione|Escursionismo",
            "IceSkate": "Pattinaggio su ghiaccio",
            "InlineSkate": "Pattinaggio in linea",
            "Kayaking": "Kayak",
            "MountainBikeRide": "Mountain bike|Giro in mountain bike",
            "NordicSki": "Sci di fondo|Sci nordico",
            "Ride": "Ciclismo|Giro in bici|Pedalata|Giro in bicicletta",
            "RockClimbing": "Arrampicata|Arrampicata su roccia",
            "Rowing": "Canottaggio",
            "Run": "Corsa",
            "Sail": "Vela",
            "Snowshoe": "Ciaspole|Ciaspolata",
            "Soccer": "Calcio",
            "StandUpPaddling": "Stand up paddle",
            "Surfing": "Surf",
            "Swim": "Nuoto|Nuotata",
            "Tennis": "Tennis",
            "TrailRun": "Corsa su sentiero|Corsa su trail|Trail running",
            "VirtualRide": "Ciclismo virtuale|Giro virtuale|Pedalata virtuale",
            "VirtualRow": "Canottaggio virtuale",
            "VirtualRun": "Corsa virtuale",
            "Walk": "Camminata|Passeggiata",
            "WeightTraining": "Allenamento con i pesi|Pesi|Sollevamento pesi",
            "Workout": "Allenamento|Allenamento generico",
            "Yoga": "Yoga",
        }
    ),
    date_words=frozenset({"alle"}),
    day_first="/.",
    thousands=".",
)

PORTUGUESE = Locale(
    language="Portuguese",
    headers={
        Column.ID: ("id da atividade",),
        Column.DATE: ("data da atividade",),
        Column.NAME: ("nome da atividade",),
        Column.TYPE: ("tipo de atividade", "tipo da atividade"),
        Column.SPORT_TYPE: ("tipo de esporte", "tipo de desporto"),
        Column.ELAPSED: ("tempo decorrido",),
        Column.MOVING: ("tempo de movimentação", "tempo em movimento", "tempo de movimento"),
        Column.DISTANCE: ("distância",),
        Column.ELEVATION: ("ganho de elevação", "ganho de elevação acumulado"),
        Column.FLAGGED: ("sinalizada", "sinalizado", "marcado"),
    },
    months=months_of(
        "jan janeiro|fev fevereiro|mar março|abr abril|mai maio|jun junho|jul julho|ago agosto"
        "|set setembro|out outubro|nov novembro|dez dezembro"
    ),
    sports=sports_of(
        {
            "AlpineSki": "Esqui alpino|Esqui",
            "BackcountrySki": "Esqui fora de pista",
            "Canoeing": "Canoagem|Canoa",
            "EBikeRide": "Pedalada de bicicleta elétrica|Bicicleta elétrica|Pedalada com bike elétrica",
            "EMountainBikeRide": "Pedalada de mountain bike elétrica|Mountain bike elétrica",
            "Elliptical": "Elíptico",
            "GravelRide": "Gravel|Pedalada de gravel|Pedalada em cascalho",
            "HighIntensityIntervalTraining": "HIIT|Treino intervalado de alta intensidade",
            "Hike": "Caminhada na montanha|Trilha|Trekking",
            "IceSkate": "Patinação no gelo|Patinagem no gelo",
            "InlineSkate": "Patinação|Patins em linha",
            "Kayaking": "Caiaque|Caiaquismo",
            "MountainBikeRide": "Mountain bike|Pedalada de mountain bike|BTT",
            "NordicSki": "Esqui nórdico|Esqui de fundo",
            "Ride": "Pedalada|Ciclismo|Volta de bicicleta",
            "RockClimbing": "Escalada|Escalada em rocha",
            "Rowing": "Remo",
            "Run": "Corrida",
            "Sail": "Vela",
            "Soccer": "Futebol",
            "StandUpPaddling": "Stand up paddle|Remo em pé",
            "Surfing": "Surfe|Surf",
            "Swim": "Natação",
            "Tennis": "Tênis|Ténis",
            "TrailRun": "Corrida em trilha|Corrida de montanha|Corrida de trilha|Trail running",
            "VirtualRide": "Pedalada virtual|Ciclismo virtual",
            "VirtualRow": "Remo virtual",
            "VirtualRun": "Corrida virtual",
            "Walk": "Caminhada",
            "WeightTraining": "Treinamento com peso|Musculação|Treino de força|Treino com pesos",
            "Workout": "Treino|Exercício",
            "Yoga": "Ioga|Yoga",
        }
    ),
    date_words=frozenset({"de", "às"}),
    day_first="/.",
    thousands=".",
)

POLISH = Locale(
    language="Polish",
    headers={
        Column.ID: ("identyfikator aktywności",),
        Column.DATE: ("data aktywności",),
        Column.NAME: ("nazwa aktywności",),
        Column.TYPE: ("rodzaj aktywności",),
        Column.SPORT_TYPE: ("rodzaj sportu",),
        Column.ELAPSED: ("czas całkowity", "czas trwania"),
        Column.MOVING: ("czas ruchu", "czas w ruchu"),
        Column.DISTANCE: ("dystans",),
        Column.ELEVATION: ("wzrost wysokości", "przewyższenie", "suma podejść"),
        Column.FLAGGED: ("oflagowane", "zgłoszone"),
    },
    months=months_of(
        "sty stycznia styczeń|lut lutego luty|mar marca marzec|kwi kwietnia kwiecień|maj maja"
        "|cze czerwca czerwiec|lip lipca lipiec|sie sierpnia sierpień|wrz września wrzesień"
        "|paź października październik|lis listopada listopad|gru grudnia grudzień"
    ),
    sports=sports_of(
        {
            "Hike": "Wędrówka|Piesza wędrówka",
            "Ride": "Jazda|Jazda na rowerze|Kolarstwo",
            "Run": "Bieg|Bieganie",
            "Swim": "Pływanie",
            "TrailRun": "Bieg terenowy|Bieg przełajowy",
            "VirtualRide": "Jazda wirtualna|Wirtualna jazda",
            "VirtualRun": "Bieg wirtualny|Wirtualny bieg",
            "Walk": "Spacer|Chód",
            "WeightTraining": "Trening siłowy",
            "Workout": "Trening",
            "Yoga": "Joga",
        }
    ),
    date_words=frozenset({"o"}),
    day_first=".",
    thousands="",
)

CHINESE = Locale(
    language="Chinese",
    headers={
        Column.ID: ("活动 id", "活動 id"),
        Column.DATE: ("活动日期", "活動日期"),
        Column.NAME: ("活动名称", "活動名稱"),
        Column.TYPE: ("活动类型", "活動類型"),
        Column.SPORT_TYPE: ("运动类型", "運動類型"),
        Column.ELAPSED: ("全程耗时", "总耗时", "經過時間"),
        Column.MOVING: ("移动时间", "移動時間"),
        Column.DISTANCE: ("距离", "距離"),
        Column.ELEVATION: ("爬升海拔", "累计爬升", "爬升高度", "爬升"),
        Column.FLAGGED: ("已标记", "被标记", "已標記"),
    },
    # Dates are in digits; English names stand in for the months.
    months=months_of("jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"),
    sports=sports_of(
        {
            "AlpineSki": "高山滑雪",
            "Canoeing": "独木舟",
            "EBikeRide": "电动自行车骑行|电动车骑行",
            "Elliptical": "椭圆机",
            "GravelRide": "砾石骑行|砾石路骑行",
            "HighIntensityIntervalTraining": "HIIT|高强度间歇训练",
            "Hike": "徒步|远足|健行",
            "IceSkate": "滑冰",
            "InlineSkate": "直排轮滑|轮滑",
            "Kayaking": "皮划艇",
            "MountainBikeRide": "山地骑行|山地自行车骑行|山地车骑行",
            "NordicSki": "越野滑雪",
            "Ride": "骑行|騎乘",
            "RockClimbing": "攀岩",
            "Rowing": "划船|赛艇",
            "Run": "跑步",
            "Sail": "帆船",
            "Snowboard": "单板滑雪",
            "Soccer": "足球",
            "Swim": "游泳",
            "Tennis": "网球",
            "TrailRun": "越野跑",
            "VirtualRide": "虚拟骑行",
            "VirtualRow": "虚拟划船",
            "VirtualRun": "虚拟跑步",
            "Walk": "步行|散步|走路",
            "WeightTraining": "重量训练|力量训练|举重训练",
            "Workout": "健身|锻炼",
            "Yoga": "瑜伽",
        }
    ),
    date_words=frozenset(),
    day_first="",
    thousands=",",
)

LANGUAGES = (SPANISH, FRENCH, ITALIAN, PORTUGUESE, POLISH, CHINESE)
