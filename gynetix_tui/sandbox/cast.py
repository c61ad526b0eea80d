"""The people of the demo: what they said before, and how they answer.

Everybody is invented and every number is one of the fictional 555 ones that the document uses. Ages are near
whole days, or a few hours, so that nobody seems to have written in the middle of the night.
"""

from __future__ import annotations

from gynetix_tui.sandbox.people import Person, heard, said
from gynetix_tui.sandbox.year import year_of_texts

ANA = Person(
    "15557778888",
    "Ana Torres",
    history=(
        said("Hello", minutes=14),
        heard("Who is this", minutes=11),
    ),
    replies=(
        "Oh, it's YOU. New number? I nearly blocked you as a very polite robot 😄",
        ('Okay, saved you as "Hello (probably human)".', "So what's up?"),
        "Ha. That is exactly what a robot would say.",
        "Fine, I believe you. Dinner on Thursday? I'm making the lentil thing.",
        "Bring bread. And nothing else. Last time you brought a fern.",
        "The fern is doing well, since you ask. Its name is Gerald.",
    ),
    then=(
        "Ha, noted.",
        "Hang on, I'm on the bus and somebody's dog is sitting on my foot",
        "Wait, really?",
        "Tell me everything on Thursday.",
        "👍",
        "You always say that, and then it turns out fine.",
        "Gerald sends his regards.",
    ),
)

OKAFOR = Person(
    "15552340110",
    "Dr. Okafor's office",
    history=(
        heard(
            "Dr. Okafor's office: it's time for your yearly check-up. Reply BOOK and we will offer you a time.",
            days=9,
            hours=2,
        ),
        said("BOOK", days=9, hours=1, minutes=20),
        heard(
            "Thank you! You are booked:\n\n"
            "  Tuesday, 9:40 AM\n  Dr. Okafor, room 3\n  14 Linden Street, second floor\n\n"
            "Please bring:\n- your insurance card\n- a list of what you take (yes, the vitamins too)\n"
            "- a pair of shoes you can get out of\n\nReply C to confirm, R for another time.",
            days=9,
            hours=1,
            minutes=19,
        ),
        said("C", days=9, hours=1),
        heard("Confirmed. See you then!", days=9, hours=0.99),
        said("Running 5 minutes late, the 14 is stuck behind a parade??", days=2, hours=3.2),
        heard("No rush, so is Dr. Okafor. Same parade.", days=2, hours=3.1),
        heard(
            "Dr. Okafor's office: your results are in and all is well. Blood pressure 118/76, cholesterol fine, "
            "vitamin D a little low: more daylight, doctor's orders.\n\nQuestions? Call us, or ask at the desk. "
            "This number reads short answers only.",
            hours=3.5,
        ),
    ),
    keywords=(
        ("BOOK", "We can offer you Monday 8:20 AM or Wednesday 4:10 PM. Reply MON or WED."),
        ("MON", "Monday, 8:20 AM it is. Reply C to confirm, R for another time."),
        ("WED", "Wednesday, 4:10 PM it is. Reply C to confirm, R for another time."),
        ("C", "Confirmed. See you then!"),
        ("R", "No problem. Reply BOOK and we will offer you another time."),
        (
            "HELP",
            "Dr. Okafor's office, 14 Linden Street. Mon-Fri 8:00 AM to 5:00 PM. In an emergency call 911.",
        ),
    ),
    then=(
        "Thank you. This number reads short answers only: BOOK, C, R or HELP.",
        "A person will read this in the morning and call you back. (Her name is Denise. She is lovely.)",
    ),
)

MEI = Person(
    "15558886688",
    "Mei Chen 陈美",
    history=(
        heard("到家了吗？", days=6, hours=1),
        said("Home! 谢谢你 for the dumplings 🥟🥟", days=6, hours=0.8),
        heard("妈妈包了六十个，你吃了四十个 😂 she is SO proud of you", days=6, hours=0.7),
        said("I regret nothing", days=6, hours=0.6),
        heard("🇯🇵✈️🇹🇼✈️🇨🇦 three flags in eleven days, I no longer know what day it is", days=3, hours=2),
        said("It's Friday. Or it was when you wrote this 🌍", days=3, hours=1.5),
        heard(
            "The whole family at the night market: 👨‍👩‍👧‍👦 + 👵🏻 + one 🐕‍🦺 who is not ours",
            days=2,
            hours=1,
        ),
        said("Keep the dog", days=2, hours=0.9),
        heard("弟弟已经给它起名字了。叫「豆腐」。", days=2, hours=0.8),
        said("Tofu!! 🤍", days=2, hours=0.7),
        heard("落地了 🛬 jet lag is winning. 明天下午喝奶茶？ 3pm, the usual place 🧋", hours=5),
        said("3pm, 奶茶, 好的 👍🏽", hours=4.8),
        heard("❤️‍🔥 半糖去冰, 我请客", hours=4.7),
    ),
    replies=(
        "哈哈哈 😂😂 wait till you hear what 豆腐 did",
        ("他把爸爸的拖鞋藏在冰箱里了。", "The fridge!! 🩴➡️🧊 Nobody knows how he opened it 🕵🏻‍♀️"),
        "真的！I have photos 📸",
        "好，那就这样 👌🏻 见面聊",
    ),
    then=(
        "😂😂😂",
        "好的好的",
        "等一下，我在地铁上 🚇 no signal till Central",
        "👩🏻‍💻 working, 晚点回你！",
        "🫶🏻",
    ),
)

YUSUF = Person(
    "15554561907",
    "Yusuf يوسف",
    history=(
        heard("السلام عليكم! هل وصلت الطاولة؟", days=4, hours=2),
        said(
            "وعليكم السلام! It came this morning. All four legs, one of them on the right way round.",
            days=4,
            hours=1.7,
        ),
        heard("ههههه، لا تقلق، سأمر غدًا الساعة 18:30 ومعي المفك", days=4, hours=1.6),
        said("You are a saint. Tea is on.", days=4, hours=1.5),
        heard("الشاي بالنعناع من فضلك 🌿", days=4, hours=1.4),
        heard("نسيت المفك عندك، أو أكلته القطة", days=2, hours=2),
        said("The cat is looking at me very innocently", days=2, hours=1.9),
        heard("قل لها: عندي محامٍ جيد 😼", days=2, hours=1.8),
        heard("وجدت كتابك (The Old Man and the Sea) تحت المقعد، سأحضره يوم الجمعة إن شاء الله", hours=2.5),
    ),
    replies=(
        "ممتاز! اتفقنا 👍",
        "سأكون هناك حوالي الساعة 7، أو 7:15 بتوقيتي أنا 😅",
        "أمي تسأل: هل تأكل ما يكفي؟ Do not answer quickly. It is a trap.",
        "لقد قلت لها نعم، فأرسلت معي قدرًا كاملًا.",
    ),
    then=("تمام", "إن شاء الله", "هههههه", "لحظة، أنا في الطريق", "شكرًا جزيلًا 🌹"),
)

NOA = Person(
    "15553217736",
    "Noa נועה",
    history=(
        heard("היי! החזרה מחר ב-19:00, לא ב-20:00", days=1, hours=3),
        said("Seven, not eight. Got it. Which song first?", days=1, hours=2.8),
        heard('נתחיל עם "Autumn Leaves" ואז השיר החדש שלך', days=1, hours=2.7),
        said("It isn't finished", days=1, hours=2.6),
        heard("שיר אף פעם לא גמור. תביא אותו בכל זאת 🎻", days=1, hours=2.5),
        heard("השכן מלמטה שאל מתי אנחנו מפסיקים. אמרתי לו: ב-2031", hours=1.5),
        said("Optimist", hours=1.4),
    ),
    replies=(
        "חחחח",
        "הוא בסוף ירד להקשיב. הביא עוגיות!",
        "עוגיות תמרים. אנחנו מנגנים שם כל שבוע מעכשיו, זה סגור.",
    ),
    then=("סבבה", "רגע, אני באמצע סולם 🎶", "מצחיק מאוד. B flat, not B!", "לילה טוב 🌙"),
)

SAM = Person(
    "15559024411",
    "Sam Rivera",
    history=(
        said(
            "Hi Sam! Your bike is ready: new chain, true wheels, and we took the leaf out of the bell.",
            days=5,
            hours=2,
        ),
        heard("Great, picking it up tomorrow", days=5, hours=1),
        said(
            "Hi Sam! Spring sale this week, 20% off all bells. Reply STOP to hear no more from us.", hours=6
        ),
    ),
    then=("STOP",),
)

PRIYA = Person(
    "15556183024",
    "Priya Raman",
    history=year_of_texts,
    replies=(
        "Ha! I was JUST about to text you",
        "Saturday still on? I have found a hill. You will hate it.",
        ("Bring the blue thermos.", "The big one, not the sad one."),
        "Deal. Loser buys pancakes.",
    ),
    then=(
        "Yes to all of that",
        "In a meeting, laughing, trying to look like it's about the budget",
        "Noted. Filed. Framed.",
        "You are impossible and I agree with you",
        "Okay but pancakes",
        "Call you after six?",
    ),
)

CODES = Person(
    "15557002345",
    "Lantern login codes",
    history=(
        heard(
            "Your Lantern code is 482 913. It expires in 10 minutes. We will never ask you for it.",
            days=12,
            hours=1,
        ),
        heard(
            "Your Lantern code is 070 551. It expires in 10 minutes. We will never ask you for it.",
            days=7,
            hours=4,
        ),
        heard(
            "New sign-in to Lantern from Linux, Terminal. Not you? Open https://lantern.example/secure",
            days=7,
            hours=3.9,
        ),
        heard(
            "Your Lantern code is 336 208. It expires in 10 minutes. We will never ask you for it.", hours=7
        ),
    ),
    keywords=(("HELP", "Lantern login codes. Message and data rates may apply. Reply STOP to end."),),
    then=("Nobody reads this number. Reply HELP for help.",),
)

PELL = Person(
    "15552289090",
    "Mr. Pell (landlord)",
    history=(
        said(
            "Hello Mr. Pell, the radiator in the hall has begun to whistle. Could somebody have a look?",
            days=21,
            hours=1,
        ),
        said("Good morning Mr. Pell, it is now whistling in two voices.", days=14, hours=2),
        said(
            "Mr. Pell, I believe it is trying to do the Brandenburg Concertos. It is not bad.",
            days=6,
            hours=1,
        ),
        said("Dear Mr. Pell, please do not repair it. We have tickets for Sunday.", days=1, hours=2),
    ),
)

DEMO_PEOPLE: tuple[Person, ...] = (ANA, OKAFOR, MEI, YUSUF, NOA, SAM, PRIYA, CODES, PELL)
"""The cast: among them long texts, emoji, three scripts, an opt-out, a long history and a silence."""
