import re

from flows.answers import READERS, Scene
from flows.model import Reads


def parser(step, today, notice):
    if step in ("m0-who","m0-major"):
        rd=READERS["level"]; sc=Scene(Reads(reader="level",go="x"),notice,{},today)
        def p(t):
            for m in [re.match(r'.*$',t,re.S)]+list(re.finditer(r'\S+',t)):
                r=rd.read(m[0],sc,rd.options(sc))
                if r and r.answers.get("cohort"):
                    v={"cohort":r.answers["cohort"]}
                    if r.answers["major"]!=next(c.label for c in notice.cohorts if c.id==v["cohort"]): v["major"]=r.answers["major"]
                    return v,m.span()
        return p
    if step in ("m10-date","x1-date"):
        rd=READERS["day"]; sc=Scene(Reads(reader="day",into="d",offer=("今天","昨天","前天"),go="x"),notice,{},today)
        def p(t):
            for m in [re.match(r'.*$',t,re.S)]+list(re.finditer(r'\S+',t)):
                r=rd.read(m[0],sc,rd.options(sc))
                if r and r.answers.get("d"): return {"date":r.answers["d"]},m.span()
        return p
    return None
