#!/usr/bin/env python3
"""Hardness figures of the lattice-zk parameter sets, by the lattice estimator.

    git clone https://github.com/malb/lattice-estimator && git -C lattice-estimator checkout 27a581b
    sage -python packages/lattice-zk/scripts/hardness.py lattice-estimator > docs/parameters/hardness.json

Sage 9.5 is enough. Every figure is log2 of the estimator's `rop`; the least over its attacks counts. 1000 stands for anything above.
"""
import json
import subprocess
import sys
from math import log

sys.path.insert(0, sys.argv[1])
from estimator import LWE, ND, RC, SIS  # noqa: E402
from sage.version import version  # noqa: E402

Q60 = 0xFFFF7F5C0052001
Q106 = 0x1FFFFFFFF72001 * 0x1F7DA129F62001

TERNARY = ND.Uniform(-1, 1)
CBD21 = ND.CenteredBinomial(21)
# set, instance, ring dimension times rank, modulus, secret, error, samples
LWE_INSTANCES = [
    ("n4096-q60", "RLWE key: p0 = -(p1 s + e)", 4096, Q60, TERNARY, CBD21, 4096),
    ("n4096-q60", "RLWE ciphertext: (p0 u + e0, p1 u + e1)", 4096, Q60, TERNARY, CBD21, 8192),
    ("n4096-q106", "RLWE key: p0 = -(p1 s + e)", 4096, Q106, TERNARY, CBD21, 4096),
    ("n4096-q106", "RLWE ciphertext: (p0 u + e0, p1 u + e1)", 4096, Q106, TERNARY, CBD21, 8192),
    ("n4096-q60", "MLWE hiding: 4 rows of 5 ternary polynomials", 8192, Q60, TERNARY, TERNARY, 4 * 8192),
    ("n4096-q106", "MLWE hiding: 4 rows of 5 ternary polynomials", 8192, Q106, TERNARY, TERNARY, 4 * 8192),
]
# set, modulus, log2 of a norm that no statement of the set reaches
SIS_INSTANCES = [("n4096-q60", Q60, 50), ("n4096-q106", Q106, 54)]
MODELS = {"MATZOV": RC.MATZOV, "BDGL16": RC.BDGL16, "ADPS16": RC.ADPS16}


def attempt(run):
    try:
        cost = run()
    except Exception as error:  # an attack that does not apply
        return {"error": f"{type(error).__name__}: {error}"}
    # beyond 2^1000 the estimator's own arithmetic overflows
    out = {"log2": round(min(float(log(cost["rop"], 2)), 1000.0), 1)}
    if "beta" in cost:
        out["beta"] = int(cost["beta"])
    return out


def figure(attacks):
    finite = {name: value["log2"] for name, value in attacks.items() if value.get("log2") is not None}
    best = min(finite, key=finite.get) if finite else None
    return {"log2": finite.get(best), "best": best, "attacks": attacks}


rows = []
for set_name, what, n, q, secret, error, samples in LWE_INSTANCES:
    params = LWE.Parameters(n=n, q=q, Xs=secret, Xe=error, m=samples)
    models = {}
    for model, cost_model in MODELS.items():
        models[model] = figure(
            {
                "usvp": attempt(lambda: LWE.primal_usvp(params, red_cost_model=cost_model)),
                "bdd": attempt(lambda: LWE.primal_bdd(params, red_cost_model=cost_model)),
                "dual": attempt(lambda: LWE.dual(params, red_cost_model=cost_model)),
                "dual_hybrid": attempt(lambda: LWE.dual_hybrid(params, red_cost_model=cost_model)),
            }
        )
        print(set_name, what, model, models[model], file=sys.stderr, flush=True)
    rows.append(
        {"set": set_name, "instance": what, "kind": "lwe", "n": n, "q": hex(q), "secret": str(secret), "error": str(error), "samples": samples, "models": models}
    )
for set_name, q, log2_norm in SIS_INSTANCES:
    params = SIS.Parameters(n=8192, q=q, length_bound=2**log2_norm, norm=2)
    models = {
        model: figure({"lattice": attempt(lambda: SIS.lattice(params, red_cost_model=cost_model))})
        for model, cost_model in MODELS.items()
    }
    print(set_name, "MSIS", models, file=sys.stderr, flush=True)
    rows.append(
        {"set": set_name, "instance": "MSIS binding of t_A", "kind": "sis", "n": 8192, "q": hex(q), "log2Norm": log2_norm, "models": models}
    )

commit = subprocess.run(["git", "-C", sys.argv[1], "rev-parse", "HEAD"], capture_output=True, text=True, check=True).stdout.strip()
print(
    json.dumps(
        {
            "command": "sage -python packages/lattice-zk/scripts/hardness.py lattice-estimator > docs/parameters/hardness.json",
            "estimator": f"malb/lattice-estimator {commit}",
            "sage": version,
            "unit": "log2 of the estimated operations (rop), least over the attacks listed",
            "rows": rows,
        },
        indent=2,
    )
)
