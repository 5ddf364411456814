"""Deliveries and warranty claims: processes that call others, with deadlines, many items, and things undone."""

from __future__ import annotations

import random
from datetime import datetime

from operate.demo.scenarios import GOODS, Correction, Failure, Scenario, Values, chance, person


def delivery(rng: random.Random, number: int, now: datetime) -> tuple[str, Values]:
    goods = rng.sample(GOODS, rng.randint(2, 4))
    values: Values = {
        "order_id": f"DEL-{number:05}",
        "items": [{"sku": f"SKU-{4000 + GOODS.index(each)}", "name": each[0]} for each in goods],
        "total": round(sum(price for _name, price in goods), 2),
        "customer": person(rng),
        "exchange_rate": 1.0,
    }
    if chance(rng, 0.35):
        del values["exchange_rate"]  # the shop in Zurich forgets it, and booking the revenue fails
    return values["order_id"], values


DELIVERY = Scenario(
    "shop",
    ("order_to_delivery.bpmn",),
    26,
    delivery,
    {"book_carrier": lambda rng, seen: {"tracking": f"00340{rng.randint(10**14, 10**15 - 1)}"}},
    (
        Failure(
            "reserve_item",
            "Warehouse system WMS-2 does not know SKU-4711",
            "wms.UnknownArticle: SKU-4711\n  at Wms.reserve (wms.py:88)\n  at handle_job (worker.py:41)",
        ),
        Failure(
            "book_carrier",
            "Carrier: postal code 1010 is not in DE",
            "carrier.BadAddress: country and postal code do not match\n  at Carrier.book (carrier.py:54)",
        ),
    ),
    None,
    None,
    ("Customer found it cheaper elsewhere",),
    "Customer is moving house",
    called=("shipping.bpmn",),
    seldom={"cancel_requested": 0.12, "release_reservation": 0.4},
    chores=frozenset({"ask_carrier"}),
)


def claim(rng: random.Random, number: int, now: datetime) -> tuple[str, Values]:
    name, price = rng.choice(GOODS)
    return f"WAR-{number:05}", {
        "claim_id": f"WAR-{now.year}-{number:05}",
        "article": name,
        "price": price,
        "bought_at": now.date().isoformat(),
        "contacts": [person(rng)["email"] for _ in range(rng.randint(1, 3))],
    }


CLAIM = Scenario(
    "shop",
    ("warranty_claim.bpmn",),
    26,
    claim,
    {"assess_claim": lambda rng, seen: {"defect": rng.choice(("Display", "Battery", "Cable", "Hinge"))}},
    (
        Failure(
            "order_part",
            "Supplier portal: part 88-1204 is discontinued",
            "portal.Discontinued: 88-1204\n  at Portal.order (portal.py:71)\n  at handle_job (worker.py:41)",
        ),
        Failure(
            "send_device_back",
            "Label printer is offline",
            "printer.Offline: LP-3\n  at Printer.print (printer.py:19)\n  at handle_job (worker.py:41)",
        ),
    ),
    Correction("inform_contact", "", "Customer does not want to be called"),  # and then the join waits in vain
    None,
    ("Warranty has expired",),
    "Article is on its way to us",
    called=("repair.bpmn",),
    seldom={"customer_calls": 0.08},
    chores=frozenset({"escalate_claim"}),
    corrected=16,
)

SCENARIOS = (DELIVERY, CLAIM)
