#!/usr/bin/env python3
"""Makes corpus/messages: short messages in ten languages, from sentences of our own with places to fill in.

    scripts/make_messages.py

`chat.txt` is what is measured, `others.txt` what references are made of: other draws from the same sentences, and none of
its messages is in `chat.txt`. Written by us for this project; no person, number or place is meant.
"""
import random
from pathlib import Path

FILL = {
    "name": "Anna Ben Carla Dmitri Elif Farid Grace Hiro Ines Jonas Kofi Lena Mateo Nadia Olga Pavel Rosa Sven Tariq Uma Vera Wout Yuki Zoe".split(),
    "place": "the north gate|camp 2|the old mill|the ferry|Lindholm|the pass|bridge 14|the harbour|our place|the library|platform 3|the hut|Moss Lake|the car park|the school|Ridge Road|the station|the clinic".split("|"),
    "time": [f"{h}:{m:02}" for h in range(6, 23) for m in (0, 5, 10, 15, 20, 30, 40, 45, 50)],
    "n": [str(n) for n in range(2, 100)],
    "small": [str(n) for n in range(2, 13)],
    "day": "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split(),
    "food": "pizza soup rice noodles bread coffee tea apples curry salad dumplings pancakes".split(),
    "face": "😀 😂 👍 🙏 ❤️ 🎉 😅 🔋 ☔ 🚲 😴 🔥 👋 🥲".split(),
    "lat": [f"{48 + i * 0.0137:.4f}" for i in range(160)],
    "lon": [f"{7 + i * 0.0291:.4f}" for i in range(200)],
    "node": [f"node{n:02}" for n in range(1, 60)] + "relay-a relay-b hilltop basecamp mast3 gw-east gw-west".split(),
    "pct": [str(n) for n in range(3, 100)],
    "volt": [f"{3.3 + n * 0.01:.2f}" for n in range(90)],
    "temp": [f"{n / 10:.1f}" for n in range(-120, 340, 3)],
    "hpa": [str(n) for n in range(978, 1036)],
    "kmh": [str(n) for n in range(2, 90)],
    "dir": "N NNE NE ENE E ESE SE SSE S SSW SW WSW W WNW NW NNW".split(),
    "hex": [f"{(n * 2654435761) % 2**32:08x}" for n in range(1, 400)],
    "song": "the blue one|that film|the podcast|chapter 4|the last episode|her new song|the match".split("|"),
    "thing": "keys|charger|umbrella|laptop|tent|first aid kit|tickets|jacket|rope|spare battery|camera|passport|map|torch".split("|"),
}

ENGLISH = """
On my way, there in {small} min
ok
Ok, see you at {time}
ok thanks {face}
Running late, be there around {time}
Did you take the {thing}?
I left the {thing} at {place}, can you bring it?
Where are you?
where r u? im at {place}
Meet at {place} at {time}?
can we do {time} instead? stuck at work
Happy birthday {name}!! {face}{face}
lol no way {face}
Good morning! Any news from {name}?
No signal at {place} since {time}, will try again tonight
Train is {n} minutes late again, start without me
Do you want {food} or {food}?
we're out of {food}, can you get some on the way home
{name} says the road to {place} is closed
How was {song}?
haven't seen {song} yet, no spoilers pls
Call me when you're free
Can't talk now, I'll ring you after {time}
Thanks for yesterday, we really enjoyed it
The {thing} is in the drawer next to the door
Is {day} still ok for you?
{day} works. {time} at {place}?
Sorry, I fell asleep {face}
Power is back at {place}, all good here
Need {small} more people for {day}, are you in?
I'll bring {food}, {name} brings the {thing}
Just landed, waiting for bags
Battery at {pct}%, turning off until {time}
Everyone ok? We heard the thunder over here
we turned back, too much snow at {place}
Copy that, moving to {place} now
Say again, you were breaking up
Testing, does anyone hear me?
Loud and clear, {small} hops
{name} is sick today, I'll take the shift
Don't forget to lock the {place} door {face}
Haha yes, exactly what I said to {name}
What time does it start?
it starts at {time} but doors open earlier
Could you send me the address again please
good luck tomorrow!! you'll be fine
Who has the {thing}?
I think {name} took it by mistake
Dinner at {time}, there's {food}
Nice view from up here {face} wish you were here
"""
GERMAN = """
Bin in {small} Minuten da
Alles klar, bis {time} Uhr
Kommst du heute noch?
Ich stehe am Bahnhof, der Zug hat {n} Minuten Verspätung
Hast du die Schlüssel eingesteckt?
Guten Morgen {name}, wie geht's dir?
Treffen wir uns um {time} am Hafen?
Danke für den schönen Abend gestern {face}
Wir haben kein Brot mehr, bringst du welches mit?
Akku fast leer, melde mich später
Kein Empfang im Tal, ab {time} wieder erreichbar
Schöne Grüße aus den Bergen!
Moin! Jemand hier auf Kanal {small}?
Höre dich gut, {small} Sprünge
Der Weg zur Hütte ist gesperrt
Alles gut bei euch? Hier hat es stark gewittert
Kannst du {name} vom Kindergarten abholen?
Mach ich, kein Problem
Das Treffen ist auf {time} verschoben
Frohe Weihnachten und einen guten Rutsch {face}
"""
FRENCH = """
J'arrive dans {small} minutes
D'accord, à tout à l'heure
On se retrouve à {time} devant la gare ?
Tu as pensé à prendre les clés ?
Merci beaucoup {name} {face}
Je suis en retard, commencez sans moi
Il n'y a plus de pain, tu peux en acheter ?
Bonjour tout le monde, quelqu'un me reçoit ?
Bien reçu, je monte au col
Pas de réseau ici depuis {time}
Qu'est-ce qu'on mange ce soir ?
Bon anniversaire {name} !
La route est coupée après le pont
Je te rappelle ce soir vers {time}
C'est bon pour samedi, on sera {small}
Tout va bien, on est arrivés au refuge
"""
SPANISH = """
Llego en {small} minutos
Vale, nos vemos a las {time}
¿Dónde estás?
¿Quedamos a las {time} en la plaza?
Gracias {name}, muy amable {face}
Se me ha olvidado el cargador en tu casa
No hay cobertura en el valle
Feliz cumpleaños {name} 🎉
El tren lleva {n} minutos de retraso
¿Puedes comprar leche y pan?
Buenos días a todos desde la montaña
Te llamo luego, estoy en una reunión
Ya estamos todos en el refugio
¿Alguien me recibe?
Recibido, fuerte y claro
Jajaja qué bueno {face}
"""
PORTUGUESE = """
Chego em {small} minutos
Tudo bem, até às {time}
Onde você está?
Obrigado {name}! {face}
Bom dia pessoal, alguém na escuta?
A estrada está fechada depois da ponte
Esqueci o carregador, pode trazer?
Vamos jantar às {time}?
Sem sinal aqui desde ontem
Feliz aniversário {name}!
"""
ITALIAN = """
Arrivo tra {small} minuti
Va bene, ci vediamo alle {time}
Dove sei?
Grazie mille {name} {face}
Il treno ha {n} minuti di ritardo
Hai preso le chiavi?
Buongiorno a tutti, qualcuno mi sente?
Ti sento forte e chiaro
Stasera pizza da {name}?
Siamo arrivati al rifugio, tutto bene
"""
RUSSIAN = """
Буду через {small} минут
Хорошо, до встречи в {time}
Ты где?
Привет! Как дела?
Спасибо большое {face}
Поезд опаздывает на {n} минут
Купи хлеба и молока, пожалуйста
Доброе утро всем, кто на связи?
Слышу хорошо, {small} прыжка
Связи не было с {time}, всё в порядке
Перезвоню вечером
С днём рождения!
Дорога за мостом закрыта
Мы уже на месте, ждём вас
Забыл зарядку, захвати мою
Ахаха точно {face}
"""
CHINESE = """
我{small}分钟后到
好的，{time}见
你在哪里？
今天晚上一起吃饭吗？
谢谢你{face}
火车晚点{n}分钟
我到家了，放心吧
明天几点开会？
改到{time}了，别迟到
手机快没电了，晚点联系
生日快乐！
那边下雨了吗？
路上堵车，你们先开始
收到，信号很好
山上没有信号，{time}以后再打给我
哈哈哈，太好笑了
"""
JAPANESE = """
あと{small}分で着きます
了解です、{time}に会いましょう
今どこですか？
ありがとうございます{face}
電車が{n}分遅れています
おはようございます
今日は何時に帰りますか？
鍵を忘れました
お誕生日おめでとう！
充電が切れそうなので後で連絡します
山頂に着きました、いい天気です
聞こえますか？
はい、よく聞こえます
明日の会議は{time}からです
"""
KOREAN = """
{small}분 뒤에 도착해요
네, {time}에 봐요
지금 어디예요?
고마워요 {face}
기차가 {n}분 늦는대요
생일 축하해!
오늘 저녁 같이 먹을래?
배터리가 거의 없어요
잘 들려요
"""
TECHNICAL = """
{lat},{lon}
@{lat},{lon} alt {n}0m
pos {lat} {lon} {time}Z
Weather {node}: {temp}C {hpa}hPa wind {dir} {kmh}km/h hum {pct}%
WX {time} {temp}C RH {pct} P {hpa} W {dir}{kmh}
{node} batt {pct}% {volt}V up {n}h
{node} snr {small} rssi -{n} hops {small}
/status {node}
!reboot {node}
!ping
pong {small} hops {n}ms
ack {hex}
SOS {lat},{lon} {small} people need help
ETA {time} at {lat},{lon}
temp={temp} hum={pct} bat={volt}
{"id":{n},"t":{temp},"v":{volt}}
alarm: {node} door open {time}
set channel {small} power {n}
gps fix lost since {time}
level {n} cm rising at bridge 14
GET /v1/nodes/{node}
deploy {hex} ok in {n}s
build #{n} failed: 2 tests, see {hex}
"""


def lines(text, weight):
    return [(line, weight) for line in text.strip().splitlines()]


PATTERNS = (
    lines(ENGLISH, 6) + lines(GERMAN, 5) + lines(FRENCH, 4) + lines(SPANISH, 4) + lines(PORTUGUESE, 3) + lines(ITALIAN, 3)
    + lines(RUSSIAN, 5) + lines(CHINESE, 5) + lines(JAPANESE, 4) + lines(KOREAN, 4) + lines(TECHNICAL, 9)
)
OPENERS = ["", "", "", "", "", "hey, ", "Hi {name}, ", "@{name} ", "so... ", "btw ", "ok "]
CLOSERS = ["", "", "", "", "", "", " {face}", "!", "...", " ok?", " :)", " thx"]
WESTERN = {line for text in (ENGLISH,) for line, _ in lines(text, 1)}


def message(rng):
    pattern = rng.choices([p for p, _ in PATTERNS], [w for _, w in PATTERNS])[0]
    if pattern in WESTERN:
        pattern = rng.choice(OPENERS) + pattern
        if pattern[-1] not in "?!.":
            pattern += rng.choice(CLOSERS)
        if rng.random() < 0.12:
            follow = rng.choices(lines(ENGLISH, 1))[0][0]
            pattern += (". " if pattern[-1] not in "?!." else " ") + follow
    for key in FILL:
        while "{" + key + "}" in pattern:
            pattern = pattern.replace("{" + key + "}", rng.choice(FILL[key]), 1)
    if pattern in WESTERN or rng.random() < 0.15:
        pattern = pattern.lower() if rng.random() < 0.3 else pattern
    return pattern


def main():
    rng = random.Random(20261129)
    folder = Path(__file__).resolve().parent.parent / "corpus" / "messages"
    chat = [message(rng) for _ in range(2000)]
    known, others, size = set(chat), [], 0
    while size < 112_000:
        one = message(rng)
        if one not in known:
            others.append(one)
            size += len(one.encode()) + 1
    for name, texts in (("chat.txt", chat), ("others.txt", others)):
        (folder / name).write_text("".join(text + "\n" for text in texts), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
