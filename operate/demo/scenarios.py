"""What happens in each of the demo's processes: how an instance begins, what people and systems answer, what goes wrong."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

Values = dict[str, Any]
Start = Callable[[random.Random, int, datetime], tuple[str, Values]]
Answer = Callable[[random.Random, Values], Values]

NAMES = (
    *("Mira Albrecht", "Jonas Becker", "Aylin Demir", "Tomasz Kowalski", "Sofia Rossi", "Hannah Vogel", "Emre Yilmaz"),
    *(
        "Clara Neumann",
        "Lukas Brandt",
        "Ines Pereira",
        "Nora Lindgren",
        "Felix Schuster",
        "Amara Diallo",
        "Viktor Petrov",
    ),
    *("Julia Winter", "Samir Haddad", "Greta Olsen", "Marco Bianchi", "Helena Novak", "Oskar Lehmann", "Priya Nair"),
)
STREETS = ("Lindenweg", "Hafenstrasse", "Am Markt", "Birkenallee", "Kirchgasse", "Ringstrasse", "Mühlenweg")
CITIES = (("20457", "Hamburg"), ("50667", "Köln"), ("80331", "München"), ("04109", "Leipzig"), ("1010", "Wien"))
MERCHANTS = ("Nordwind Travel", "PixelPlay Games", "Atelier Sud", "Grand Hotel Aurora", "TicketTurm", "FitBox 24")
SUPPLIERS = (
    "Kessler Packaging GmbH",
    "Nordlicht Energie AG",
    "Blank & Söhne Druck",
    "Cirrus Cloud Services",
    "Möbel Hansen",
)
GOODS = (
    ("Espresso machine Barista 3", 289.9),
    ("Trail running shoes", 119.0),
    ("Cast iron pan 28 cm", 64.5),
    ("Noise cancelling headphones", 249.0),
    ("Wool blanket", 79.95),
    ("Desk lamp Halo", 45.0),
    ("Mechanical keyboard", 139.0),
    ("Garden hose 25 m", 32.9),
)


@dataclass(frozen=True, slots=True)
class Failure:
    """A job that fails for good, and what its worker reports."""

    element_id: str
    message: str
    details: str


@dataclass(frozen=True, slots=True)
class Correction:
    """What an operator does about instances that went wrong: a token moved, with the reason given for it.

    Without a target it is taken away.
    """

    source: str
    target: str
    reason: str


@dataclass(frozen=True, slots=True)
class Scenario:
    """One process of the demo."""

    workspace: str
    files: tuple[str, ...]
    """Models in the order of their versions; later ones are deployed in the course of the weeks."""
    count: int
    start: Start
    answers: Mapping[str, Answer] = field(default_factory=dict)
    """What comes back from a job, task or message, by element; nothing where none is named."""
    failures: tuple[Failure, ...] = ()
    correction: Correction | None = None
    edit: tuple[str, Answer, str] | None = None
    """A variable that an administrator corrects: its name, the new value by the name 'value', and the reason."""
    cancel_reasons: tuple[str, ...] = ()
    hold_reason: str = ""
    called: tuple[str, ...] = ()
    """Models of the processes that it calls."""
    seldom: Mapping[str, float] = field(default_factory=dict)
    """How likely it is, each time that something happens, that it is this of all that waits."""
    chores: frozenset[str] = frozenset()
    """User tasks that come from deadlines; most of them are done soon."""
    corrected: int = 4
    """How often the correction is made, beside the other stories."""


def person(rng: random.Random) -> Values:
    name = rng.choice(NAMES)
    zip_code, city = rng.choice(CITIES)
    return {
        "name": name,
        "email": f"{name.lower().replace(' ', '.')}@example.org",
        "address": {"street": f"{rng.choice(STREETS)} {rng.randint(1, 90)}", "zip": zip_code, "city": city},
    }


def iban(rng: random.Random) -> str:
    return f"DE{rng.randint(10, 98)}{rng.choice(('37040044', '50010517', '20050550'))}{rng.randint(10**9, 10**10 - 1)}"


def day(moment: datetime, days: int) -> str:
    return (moment + timedelta(days=days)).isoformat(timespec="seconds")


def chance(rng: random.Random, probability: float) -> bool:
    return rng.random() < probability


# ---- lending


def loan(rng: random.Random, number: int, now: datetime) -> tuple[str, Values]:
    customer = person(rng)
    amount = rng.choice((5_000, 8_000, 12_500, 18_000, 25_000, 40_000))
    return f"LOAN-{now.year}-{number:04}", {
        "amount": amount,
        "term_months": rng.choice((24, 36, 48, 60, 84)),
        "customer_name": customer["name"],
        "customer_number": f"C{rng.randint(100_000, 999_999)}",
        "customer": customer,
        "monthly_income": rng.choice((1_900, 2_400, 2_950, 3_600, 4_800)),
        "purpose": rng.choice(("Car", "Kitchen", "Furniture", "Debt consolidation", "Heat pump")),
        "evaluation_due": day(now, 3),
        "decision_due": day(now, 7),
        "payout_iban": iban(rng),
    }


LOAN = Scenario(
    "lending",
    ("loan_application.bpmn",),
    58,
    loan,
    {
        "check_completeness": lambda rng, seen: {"documents_complete": True},
        "register_application": lambda rng, seen: {"registration": f"REG-{rng.randint(10_000, 99_999)}"},
        "assess_credit_worthiness": lambda rng, seen: {"credit_score": rng.randint(520, 820)},
        "assess_customer": lambda rng, seen: {"customer_rating": rng.choice("AABBC")},
        "accept_loan_application": lambda rng, seen: {"interest_rate": rng.choice((4.29, 4.89, 5.49))},
        "await_signature": lambda rng, seen: {"signed_by": seen["customer_name"]},
    },
    (
        Failure(
            "assess_credit_worthiness",
            "Credit bureau answered 503 Service Unavailable after 3 attempts",
            "requests.exceptions.HTTPError: 503 Server Error: Service Unavailable for url: "
            "https://bureau.example/v3/scores\n  at CreditBureauClient.score (credit_bureau.py:88)\n"
            "  at handle_job (worker.py:41)\nretry-after: 600",
        ),
        Failure(
            "pay_out_loan",
            "Transfer refused: creditor IBAN has an invalid checksum",
            "core_banking.TransferRefused: AC01 IncorrectAccountNumber\n  at CoreBanking.transfer (transfers.py:152)\n"
            "  at handle_job (worker.py:41)",
        ),
    ),
    Correction(
        "decline_loan_application", "accept_loan_application", "Second income was missing in the first assessment"
    ),
    ("monthly_income", lambda rng, seen: {"value": seen["monthly_income"] + 850}, "Second salary slip arrived by mail"),
    ("Customer withdrew the application", "Entered twice", "Test application of the training course"),
    "Waiting for the customer's identity document",
)


def onboarding(rng: random.Random, number: int, now: datetime) -> tuple[str, Values]:
    customer = person(rng)
    return f"KYC-{now.year}-{number:04}", {
        "customer_name": customer["name"],
        "customer": customer,
        "account_type": rng.choice(("Giro", "Giro Plus", "Savings", "Business")),
        "nationality": rng.choice(("DE", "AT", "PL", "IT", "TR", "SE")),
        "kyc_due": day(now, 2),
    }


ONBOARDING = Scenario(
    "lending",
    ("customer_onboarding.bpmn",),
    42,
    onboarding,
    {
        "verify_identity": lambda rng, seen: {"identity_document": rng.choice(("passport", "identity card"))},
        "screen_sanctions": lambda rng, seen: {"sanctions_matches": 0},
        "screen_political_role": lambda rng, seen: {"politically_exposed": chance(rng, 0.1)},
        "rate_customer_risk": lambda rng, seen: {
            "rating": rng.choice(("normal",) * 6 + ("high",) * 3 + ("unacceptable",))
        },
        "receive_source_of_funds": lambda rng, seen: {
            "source_of_funds": rng.choice(("Salary", "Inheritance", "Sale of a house"))
        },
        "open_account": lambda rng, seen: {"new_iban": iban(rng)},
    },
    (
        Failure(
            "screen_sanctions",
            "Sanctions list 'OFAC' is 9 days old, refusing to screen",
            "screening.StaleListError: list OFAC was last updated on 2026-11-02\n  at Screening.match (screening.py:61)",
        ),
        Failure(
            "open_account",
            "Core banking is closed for end-of-day processing until 06:00",
            "core_banking.NotAvailable: EOD window\n  at CoreBanking.open_account (accounts.py:33)",
        ),
    ),
    Correction("enhanced_due_diligence", "open_account", "Compliance waived the due diligence, see ticket CMP-2231"),
    ("account_type", lambda rng, seen: {"value": "Giro Plus"}, "Customer chose the other account on the phone"),
    ("Customer did not answer for 30 days", "Duplicate of an earlier request"),
    "Identity document has expired, customer is sending a new one",
)


def valuation(rng: random.Random, number: int, now: datetime) -> tuple[str, Values]:
    zip_code, city = rng.choice(CITIES)
    return f"COLL-{now.year}-{number:04}", {
        "property": {
            "parcel": f"{city[:3].upper()}-{rng.randint(100, 999)}/{rng.randint(1, 40)}",
            "street": f"{rng.choice(STREETS)} {rng.randint(1, 90)}",
            "zip": zip_code,
            "city": city,
            "built": rng.randint(1905, 2019),
        },
        "loan_amount": rng.choice((120_000, 180_000, 260_000, 340_000)),
        "valuation_due": day(now, 10),
    }


def inspected(rng: random.Random, seen: Values) -> Values:
    found: Values = {"living_area": rng.randint(58, 190), "condition": rng.choice(("good", "fair", "renovated"))}
    if chance(rng, 0.6):
        found["price_per_square_metre"] = rng.randint(2_100, 6_900)
    return found


VALUATION = Scenario(
    "lending",
    ("collateral_valuation.bpmn",),
    26,
    valuation,
    {
        "fetch_land_register": lambda rng, seen: {
            "encumbrances": rng.choice(([], ["Right of way"], ["Mortgage of 40,000"]))
        },
        "arrange_appointment": lambda rng, seen: {"surveyor": rng.choice(("M. Ostermann", "L. Quandt"))},
        "inspect_property": inspected,
    },
    (
        Failure(
            "fetch_land_register",
            "Land register 'north' does not know the parcel",
            "land_register.NoSuchParcel\n  at LandRegister.extract (register.py:47)\n  at handle_job (worker.py:41)",
        ),
    ),
    Correction("arrange_appointment", "inspect_property", "Appointment was agreed on the phone already"),
    None,
    ("Loan was refused meanwhile",),
    "Owner is abroad until next week",
)


# ---- payments


def dispute(rng: random.Random, number: int, now: datetime) -> tuple[str, Values]:
    return f"DSP-{number:05}", {
        "card_number": f"5354 56** **** {rng.randint(1000, 9999)}",
        "amount": rng.choice((19.99, 34.5, 49.0, 129.9, 349.0, 1_249.0)),
        "currency": "EUR",
        "merchant": rng.choice(MERCHANTS),
        "reason_code": rng.choice(("13.1 Goods not received", "10.4 Fraud, card absent", "12.6 Duplicate processing")),
        "evidence_due": day(now, 14),
    }


DISPUTE = Scenario(
    "payments",
    ("card_dispute.bpmn",),
    44,
    dispute,
    {
        "identify_transaction": lambda rng, seen: {
            "transaction": {"id": rng.randint(10**11, 10**12), "network": "Mastercard"}
        },
        "collect_evidence": lambda rng, seen: {"evidence": ["cardholder-letter.pdf"]},
        "merchant_reply": lambda rng, seen: {"merchant_accepts": chance(rng, 0.3)},
        "review_evidence": lambda rng, seen: {"justified": chance(rng, 0.7)},
    },
    (
        Failure(
            "ask_merchant",
            "Scheme gateway: chargeback window of 120 days has passed",
            "scheme.ChargebackRejected: response code 2043\n  at SchemeGateway.submit (gateway.py:204)",
        ),
        Failure(
            "refund_cardholder",
            "Account 0815-77 is blocked for credits",
            "ledger.AccountBlocked: block reason 'probate'\n  at Ledger.credit (ledger.py:90)",
        ),
    ),
    Correction("merchant_reply", "review_evidence", "Merchant is insolvent and will not answer"),
    ("amount", lambda rng, seen: {"value": round(seen["amount"] - 10, 2)}, "Merchant had refunded 10.00 already"),
    ("Cardholder recognised the transaction", "Raised twice"),
    "Police report requested",
)


def enquiry(rng: random.Random, number: int, now: datetime) -> tuple[str, Values]:
    return f"PI-{number:05}", {
        "payment_reference": f"E2E-{now:%Y%m%d}-{number:05}",
        "correspondent_bic": rng.choice(("COBADEFFXXX", "BNPAFRPPXXX", "CHASUS33XXX", "UBSWCHZH80A")),
        "answer_due": day(now, 5),
        "customer": person(rng),
        "amount": {
            "value": rng.choice((1_200.0, 8_450.5, 23_000.0, 75_300.25)),
            "currency": rng.choice(("EUR", "USD", "CHF")),
        },
    }


ENQUIRY = Scenario(
    "payments",
    ("payment_investigation.bpmn",),
    38,
    enquiry,
    {
        "find_payment": lambda rng, seen: {"found": chance(rng, 0.85)},
        "ask_for_details": lambda rng, seen: {"details": "Customer sent a copy of the transfer form"},
        "check_ledger": lambda rng, seen: {"ledger_entries": rng.randint(1, 3)},
        "correspondent_answer": lambda rng, seen: {"correspondent_status": rng.choice(("ACSC", "PDNG", "RJCT"))},
        "screen_payment": lambda rng, seen: {"hit": chance(rng, 0.08)},
        "decide_repair": lambda rng, seen: {"decision": rng.choice(("release", "release", "return", "report"))},
    },
    (
        Failure(
            "query_correspondent",
            "SWIFT: NAK T27, BIC is not connected to camt.027",
            "swift.Nak: T27 receiver cannot process message type\n  at Outbound.send (outbound.py:118)",
        ),
        Failure(
            "release_payment",
            "Cut-off time of TARGET2 has passed",
            "target2.CutOff: 18:00 CET\n  at Release.execute (release.py:71)\n  at handle_job (worker.py:41)",
        ),
    ),
    Correction("correspondent_answer", "tracing_join", "Correspondent answered by phone, see note 4471"),
    (
        "payment_reference",
        lambda rng, seen: {"value": seen["payment_reference"] + "-B"},
        "Reference was mistyped by the branch",
    ),
    ("Customer found the payment",),
    "Correspondent bank has a holiday",
)


# ---- shop


def order(rng: random.Random, number: int, now: datetime) -> tuple[str, Values]:
    customer = person(rng) | {
        "country": rng.choice(("DE", "DE", "AT", "NL", "BR")),
        "payment_method": rng.choice(("card", "invoice", "paypal")),
    }
    goods = rng.sample(GOODS, rng.randint(1, 3))
    items = [
        {"sku": f"SKU-{4000 + GOODS.index(g)}", "name": g[0], "price": g[1], "quantity": rng.randint(1, 3)}
        for g in goods
    ]
    return f"ORD-{20_000 + number}", {
        "order_id": f"ORD-{20_000 + number}",
        "order": {"channel": rng.choice(("web", "app", "phone")), "items": items},
        "customer": customer,
        "ship_by": day(now, 2),
    }


ORDER = Scenario(
    "shop",
    ("order_fulfilment_v1.bpmn", "order_fulfilment_v2.bpmn"),
    62,
    order,
    {
        "check_fraud": lambda rng, seen: {"score": rng.choice((4, 11, 23, 38, 74, 91))},
        "review_order": lambda rng, seen: {"genuine": chance(rng, 0.5)},
        "collect_payment": lambda rng, seen: {"transaction_id": f"tx_{rng.randint(10**9, 10**10):x}"},
        "pick_items": lambda rng, seen: {"picked_by": rng.choice(("Ben", "Kofi", "Maja"))},
        "pack_parcel": lambda rng, seen: {
            "parcel": {"weight": round(rng.uniform(0.4, 9.5), 2), "size": rng.choice("SML")}
        },
        "print_label": lambda rng, seen: {"tracking": f"00340{rng.randint(10**14, 10**15 - 1)}"},
        "shipment_confirmed": lambda rng, seen: {"carrier": rng.choice(("DHL", "UPS", "DPD"))},
    },
    (
        Failure(
            "collect_payment",
            "Card declined: insufficient_funds",
            "payment.Declined: 51 insufficient_funds\n  at CardGateway.capture (gateway.py:77)\n  at handle_job (worker.py:41)",
        ),
        Failure(
            "print_label",
            "Warehouse system WMS-2 does not know SKU-4711",
            "wms.UnknownArticle: SKU-4711\n  at Wms.parcel (wms.py:132)\n  at handle_job (worker.py:41)",
        ),
        Failure(
            "send_invoice",
            "Mail server refused the recipient: 550 mailbox unavailable",
            "smtplib.SMTPRecipientsRefused: 550 5.1.1\n  at send (mailer.py:29)",
        ),
    ),
    Correction("pick_items", "pack_parcel", "Items were picked with the order before, picking list lost"),
    ("ship_by", lambda rng, seen: {"value": "2026-12-01T12:00:00+00:00"}, "Customer is away until December"),
    ("Customer cancelled by phone", "Article was sold out"),
    "Address is being clarified with the customer",
)


def returned(rng: random.Random, number: int, now: datetime) -> tuple[str, Values]:
    name, price = rng.choice(GOODS)
    return f"RET-{number:05}", {
        "return_id": f"RET-{number:05}",
        "days_since_delivery": rng.randint(2, 40),
        "article": name,
        "price": price,
        "customer": person(rng) | {"iban": iban(rng)},
    }


RETURN = Scenario(
    "shop",
    ("return_and_refund.bpmn",),
    34,
    returned,
    {
        "check_return_policy": lambda rng, seen: {"allowed": seen["days_since_delivery"] <= 30},
        "parcel_returned": lambda rng, seen: {"received_at": rng.choice(("Hamburg", "Leipzig"))},
        "inspect_goods": lambda rng, seen: {"condition": rng.choice(("as new", "as new", "used", "damaged"))},
    },
    (
        Failure(
            "pay_refund",
            "Refund refused: original payment was charged back",
            "payment.AlreadyChargedBack\n  at Refunds.pay (refunds.py:58)\n  at handle_job (worker.py:41)",
        ),
        Failure(
            "put_back_in_stock",
            "Inventory: optimistic lock on shelf B-17",
            "inventory.ConcurrentUpdate: version 88, expected 87\n  at Inventory.increase (inventory.py:40)",
        ),
    ),
    Correction("explain_refusal", "send_return_label", "Goodwill: regular customer"),
    ("price", lambda rng, seen: {"value": round(seen["price"] * 0.9, 2)}, "Was bought with a 10 % voucher"),
    ("Customer keeps the article",),
    "Parcel is lost, carrier investigates",
)


def invoice(rng: random.Random, number: int, now: datetime) -> tuple[str, Values]:
    return f"INV-{now:%y%m}-{number:03}", {
        "purchase_order": f"PO-{rng.randint(7000, 7999)}",
        "supplier": rng.choice(SUPPLIERS),
        "supplier_iban": iban(rng),
        "cost_centre": rng.choice(("4200 Logistics", "4310 IT", "4400 Marketing")),
        "payment_due": day(now, 21),
        "purchasing_manager": "stella",
    }


INVOICE = Scenario(
    "shop",
    ("supplier_invoice.bpmn",),
    32,
    invoice,
    {
        "read_invoice": lambda rng, seen: {"recognised_amount": rng.choice((189.5, 940.0, 2_350.0, 5_900.0, 12_400.0))},
        "match_purchase_order": lambda rng, seen: {"matches": chance(rng, 0.8)},
        "clarify_difference": lambda rng, seen: {"note": "Supplier sent a credit note"},
        "approve_as_clerk": lambda rng, seen: {"invoice_accepted": chance(rng, 0.9)},
        "approve_as_manager": lambda rng, seen: {"invoice_accepted": chance(rng, 0.85)},
    },
    (
        Failure(
            "read_invoice",
            "Document recognition: no total amount found on page 1",
            "ocr.FieldMissing: total_amount (confidence 0.31)\n  at Recognition.read (recognition.py:210)",
        ),
        Failure(
            "transfer_money",
            "Bank transfer: daily limit of 50,000.00 EUR is used up",
            "bank.LimitExceeded\n  at Bank.transfer (bank.py:66)\n  at handle_job (worker.py:41)",
        ),
    ),
    Correction("clarify_difference", "approve_as_clerk", "Difference is below 1 EUR"),
    ("cost_centre", lambda rng, seen: {"value": "4310 IT"}, "Booked on the wrong cost centre"),
    ("Invoice was sent to the wrong company",),
    "Supplier is being checked by purchasing",
)

SCENARIOS = (LOAN, ONBOARDING, VALUATION, DISPUTE, ENQUIRY, ORDER, RETURN, INVOICE)
