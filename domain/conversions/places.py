"""Codes of countries (ISO 3166-1 alpha-2) and of the states of the US (ANSI), in lower case."""

from collections.abc import Mapping

_COUNTRIES = """
    ad ae af ag ai al am ao aq ar as at au aw ax az ba bb bd be bf bg bh bi bj bl bm bn bo bq br bs
    bt bv bw by bz ca cc cd cf cg ch ci ck cl cm cn co cr cu cv cw cx cy cz de dj dk dm do dz ec ee
    eg eh er es et fi fj fk fm fo fr ga gb gd ge gf gg gh gi gl gm gn gp gq gr gs gt gu gw gy hk hm
    hn hr ht hu id ie il im in io iq ir is it je jm jo jp ke kg kh ki km kn kp kr kw ky kz la lb lc
    li lk lr ls lt lu lv ly ma mc md me mf mg mh mk ml mm mn mo mp mq mr ms mt mu mv mw mx my mz na
    nc ne nf ng ni nl no np nr nu nz om pa pe pf pg ph pk pl pm pn pr ps pt pw py qa re ro rs ru rw
    sa sb sc sd se sg sh si sj sk sl sm sn so sr ss st sv sx sy sz tc td tf tg th tj tk tl tm tn to
    tr tt tv tw tz ua ug um us uy uz va vc ve vg vi vn vu wf ws ye yt za zm zw
"""

COUNTRIES = frozenset(_COUNTRIES.split())

_STATES = """
    al alabama, ak alaska, az arizona, ar arkansas, ca california, co colorado, ct connecticut,
    de delaware, dc districtofcolumbia, fl florida, ga georgia, hi hawaii, id idaho, il illinois,
    in indiana, ia iowa, ks kansas, ky kentucky, la louisiana, me maine, md maryland,
    ma massachusetts, mi michigan, mn minnesota, ms mississippi, mo missouri, mt montana,
    ne nebraska, nv nevada, nh newhampshire, nj newjersey, nm newmexico, ny newyork,
    nc northcarolina, nd northdakota, oh ohio, ok oklahoma, or oregon, pa pennsylvania,
    pr puertorico, ri rhodeisland, sc southcarolina, sd southdakota, tn tennessee, tx texas,
    ut utah, vt vermont, va virginia, wa washington, wv westvirginia, wi wisconsin, wy wyoming
"""

US_STATES: Mapping[str, str] = {
    name: code for code, name in (one.split() for one in _STATES.split(","))
}
"""The code of a state by its name, written without spaces."""
