"""Recorded calls of a mini-program: log-in, phone number, codes, links and content checks.

Source: wechat-platform.md section 12.
"""

import hashlib
import hmac

from app.wechat.api import content_checks, links, logins, miniprogram_codes
from app.wechat.api.media import MediaFile
from app.wechat.errors import (
    NotAllowed,
    OurMistake,
    PersonGone,
    QuotaUsedUp,
    SignInAgain,
    TryLater,
    WindowClosed,
)
from app.wechat.session_keys import SessionKey
from tests.wechat_api import APP, NOW, SECRET
from tests.wechat_shape import OK, Errors, Shape, each, picture

KEY = SessionKey("tiihtNczf5v6AKRyjwEUhQ==")
PROOF = hmac.new(b"tiihtNczf5v6AKRyjwEUhQ==", b"", hashlib.sha256).hexdigest()
PHONE = {
    "phoneNumber": "+8613580006666",
    "purePhoneNumber": "13580006666",
    "countryCode": "86",
    "watermark": {"timestamp": 1790000000, "appid": APP},
}

LOGINS = {
    "logins.by_code": Shape(
        lambda c: c.logins.by_code("0c1"),
        f"GET /sns/jscode2session appid={APP} secret={SECRET} js_code=0c1 grant_type=authorization_code",
        answer={"openid": "oLi", "session_key": KEY.value, "unionid": "u1"},
        result=logins.Login("oLi", KEY, "u1"),
        by_secret=True,
        errors={40029: SignInAgain, 45011: TryLater, 40226: PersonGone, 40013: NotAllowed, 40125: NotAllowed},
    ),
    "logins.is_valid": Shape(
        lambda c: c.logins.is_valid("oLi", KEY),
        f"GET /wxa/checksession openid=oLi signature={PROOF} sig_method=hmac_sha256",
        result=True,
        again=True,
        errors={40003: PersonGone},
    ),
    "logins.reset": Shape(
        lambda c: c.logins.reset("oLi", KEY),
        f"GET /wxa/resetusersessionkey openid=oLi signature={PROOF} sig_method=hmac_sha256",
        answer={**OK, "openid": "oLi", "session_key": "HyVFkGl5F5OQWJZZaNzBBg=="},
        result=SessionKey("HyVFkGl5F5OQWJZZaNzBBg=="),
        errors={87009: SignInAgain},
    ),
    "logins.phone_number": Shape(
        lambda c: c.logins.phone_number("0c2", "oLi"),
        "POST /wxa/business/getuserphonenumber",
        {"code": "0c2", "openid": "oLi"},
        answer={**OK, "phone_info": PHONE},
        result=logins.PhoneNumber("+8613580006666", "13580006666", "86"),
        errors={40029: SignInAgain, 45011: TryLater, 40013: NotAllowed, 1400001: NotAllowed},
    ),
}

LOOK = miniprogram_codes.CodeLook(width=280, line_color=(0, 128, 255), transparent=True)

CODES = {
    "miniprogram_codes.unlimited": Shape(
        lambda c: c.miniprogram_codes.unlimited(
            "a=7&b=~", "pages/index/index", edition=miniprogram_codes.AppEdition.TRIAL, check_path=False
        ),
        "POST /wxa/getwxacodeunlimit",
        {
            "scene": "a=7&b=~",
            "page": "pages/index/index",
            "check_path": False,
            "env_version": "trial",
            "width": 430,
            "auto_color": False,
            "is_hyaline": False,
        },
        answer=picture(),
        result=MediaFile(b"\xff\xd8", "image/jpeg", ""),
        again=True,
        errors=each(OurMistake, (40129, 40169, 41030, 40097, 85096)),
    ),
    "miniprogram_codes.for_page": Shape(
        lambda c: c.miniprogram_codes.for_page("pages/index?x=1", look=LOOK),
        "POST /wxa/getwxacode",
        {
            "path": "pages/index?x=1",
            "env_version": "release",
            "width": 280,
            "auto_color": False,
            "line_color": {"r": 0, "g": 128, "b": 255},
            "is_hyaline": True,
        },
        answer=picture(b"\x89PNG", "image/png"),
        result=MediaFile(b"\x89PNG", "image/png", ""),
        errors=each(OurMistake, (40159, 45029)),
    ),
    "miniprogram_codes.qr_for_page": Shape(
        lambda c: c.miniprogram_codes.qr_for_page("pages/index?x=1", width=1280),
        "POST /cgi-bin/wxaapp/createwxaqrcode",
        {"path": "pages/index?x=1", "width": 1280},
        answer=picture(),
        result=MediaFile(b"\xff\xd8", "image/jpeg", ""),
        errors=each(OurMistake, (40159, 45029)),
    ),
}

LINK_ERRORS: Errors = {
    44990: TryLater,
    44993: QuotaUsedUp,
    85406: QuotaUsedUp,
    **each(OurMistake, (40002, 40165, 40212, 85401, 85402)),
    **each(NotAllowed, (85079, 85407, 85408)),
}

LINKS = {
    "links.url_link": Shape(
        lambda c: c.links.url_link(
            "pages/index", "id=7", lasts=links.ForDays(30), cloud_base={"env": "e", "path": "/j.html"}
        ),
        "POST /wxa/generate_urllink",
        {
            "path": "pages/index",
            "query": "id=7",
            "expire_type": 1,
            "expire_interval": 30,
            "env_version": "release",
            "cloud_base": {"env": "e", "path": "/j.html"},
        },
        answer={**OK, "url_link": "https://wxaurl.cn/BQZRrcFCPvg"},
        result="https://wxaurl.cn/BQZRrcFCPvg",
        again=True,
        errors=LINK_ERRORS,
    ),
    "links.scheme": Shape(
        lambda c: c.links.scheme("pages/index", "id=7", lasts=links.Until(int(NOW) + 3600)),
        "POST /wxa/generatescheme",
        {
            "jump_wxa": {"path": "pages/index", "query": "id=7", "env_version": "release"},
            "is_expire": True,
            "expire_type": 0,
            "expire_time": int(NOW) + 3600,
        },
        answer={**OK, "openlink": "weixin://dl/business/?t=x"},
        result="weixin://dl/business/?t=x",
        again=True,
        errors=LINK_ERRORS,
    ),
}

CHECK_ERRORS: Errors = {
    **each(OurMistake, (40129, 43104)),
    61010: WindowClosed,
    44991: TryLater,
    87020: TryLater,
    40003: PersonGone,
}

CHECKS = {
    "content_checks.text": Shape(
        lambda c: c.content_checks.text(
            "oLi",
            "大家好",
            content_checks.Scene.PROFILE,
            title="自我介绍",
            nickname="李娜",
            signature="安全第一",
        ),
        "POST /wxa/msg_sec_check",
        {
            "version": 2,
            "scene": 1,
            "openid": "oLi",
            "content": "大家好",
            "title": "自我介绍",
            "nickname": "李娜",
            "signature": "安全第一",
        },
        answer={**OK, "trace_id": "60ae120f", "result": {"suggest": "risky", "label": 20001}, "detail": []},
        result=content_checks.Verdict(content_checks.Suggestion.RISKY, 20001, "60ae120f"),
        again=True,
        errors=CHECK_ERRORS,
    ),
    "content_checks.media": Shape(
        lambda c: c.content_checks.media(
            "oLi", "https://f.example/p.jpg", content_checks.MediaType.IMAGE, content_checks.Scene.FORUM
        ),
        "POST /wxa/media_check_async",
        {
            "version": 2,
            "scene": 3,
            "openid": "oLi",
            "media_url": "https://f.example/p.jpg",
            "media_type": 2,
        },
        answer={**OK, "trace_id": "967e945c"},
        result="967e945c",
        again=True,
        errors=CHECK_ERRORS,
    ),
    "content_checks.user_risk": Shape(
        lambda c: c.content_checks.user_risk(
            "oLi", content_checks.RiskScene.TAKE_PART, "113.0.70.51", phone="13580006666"
        ),
        "POST /wxa/getuserriskrank",
        {
            "appid": APP,
            "openid": "oLi",
            "scene": 1,
            "client_ip": "113.0.70.51",
            "mobile_no": "13580006666",
        },
        answer={**OK, "risk_rank": 0, "unoin_id": 123456},
        result=0,
        again=True,
        errors={43104: OurMistake, 61010: WindowClosed, 40003: PersonGone},
    ),
}

SHAPES = LOGINS | CODES | LINKS | CHECKS
