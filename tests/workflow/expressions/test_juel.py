"""JUEL as Camunda 7 models use it."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workflow.expressions import ExpressionError, Language, parse_camunda7

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


class Execution:
    """What the engine offers to expressions under the name `execution`."""

    processBusinessKey = "order-7"
    processInstanceId = "2251799813685249"
    currentActivityId = "approve"
    secret = "not for models"

    def __init__(self):
        self.variables = {"amount": 5}

    def getVariable(self, name):
        return self.variables.get(name)

    def hasVariable(self, name):
        return name in self.variables

    def setVariable(self, name, value):
        self.variables[name] = value

    def removeVariable(self, name):
        del self.variables[name]

    def delete(self):
        raise AssertionError("called")


def variables():
    return {
        "n": 3,
        "f": 2.5,
        "money": Decimal("2.50"),
        "text": "abc",
        "digits": "12",
        "yes": True,
        "nothing": None,
        "order": {"id": 7, "first name": "Ada", "items": [{"price": 10}], "none": None},
        "items": [1, 2, 3],
        "eqx": 1,
        "due": NOW,
        "csv": "a,b,,",
        "execution": Execution(),
        "__now__": lambda: NOW,
        "__user__": "demo",
    }


@pytest.mark.parametrize(
    ("source", "value"),
    [
        # literals
        ("1", 1),
        ("1.50", 1.5),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("'a'", "a"),
        (r"'it\'s'", "it's"),
        (r'"say \"hi\""', 'say "hi"'),
        ("'}'", "}"),
        ("true", True),
        ("null", None),
        # variables, paths, items
        ("n", 3),
        ("order.id", 7),
        ("order['first name']", "Ada"),
        ("order.items[0].price", 10),
        ("order.items[n]", None),
        ("items['1']", 2),
        ("order.missing", None),
        ("order.none.deeper", None),
        ("nothing.deeper[1]", None),
        ("order.empty", None),
        ("items.empty", False),
        ("due", NOW),
        # arithmetic
        ("n + 1", 4),
        ("n - 1 - 1", 1),
        ("1 + n * 2", 7),
        ("(1 + n) * 2", 8),
        ("7 / 2", 3.5),
        ("6 / 2", 3.0),
        ("7 div 2", 3.5),
        ("7 % 4", 3),
        ("-7 mod 4", -3),
        ("7.5 % 2", 1.5),
        ("-n", -3),
        ("-digits", -12),
        ("'1' + 1", 2),
        ("'1.5' + 1", 2.5),
        ("'' + 1", 1),
        ("null + null", 0),
        ("nothing + 1", 1),
        ("null / null", 0),
        ("money * 2", 5.0),
        ("9223372036854775807 + 1", 9223372036854775808),
        # comparison
        ("n > 2", True),
        ("n lt 3", False),
        ("n le 3 and n ge 3", True),
        ("n gt 2", True),
        ("n == 3.0", True),
        ("n eq '3'", True),
        ("n != 3", False),
        ("n ne 4", True),
        ("text == 'abc'", True),
        ("'10' > 9", True),
        ("'10' > '9'", False),
        ("text < 'abd'", True),
        ("yes == 'true'", True),
        ("yes == 'abc'", False),
        ("nothing == null", True),
        ("n == null", False),
        ("null < 1", False),
        ("nothing <= null", True),
        ("money == 2.5", True),
        ("items == items", True),
        ("eqx eq 1", True),
        # logic
        ("yes && n > 2", True),
        ("yes and false", False),
        ("false || nothing", False),
        ("false or 'true'", True),
        ("!yes", False),
        ("not nothing", True),
        ("yes || missing", True),
        ("false && missing", False),
        ("n > 2 ? 'big' : 'small'", "big"),
        ("nothing ? 1 : n < 2 ? 2 : 3", 3),
        ("empty nothing", True),
        ("empty ''", True),
        ("empty order", False),
        ("not empty items && n == 3", True),
        ("empty text || empty items", False),
        # methods
        ("text.length()", 3),
        ("text.toUpperCase().substring(1)", "BC"),
        ("text.substring(0, 2)", "ab"),
        ("text.contains('b') && text.startsWith('a') && text.endsWith('c')", True),
        ("text.indexOf('c')", 2),
        ("' a '.trim().isEmpty()", False),
        ("text.equals('abc')", True),
        ("text.equalsIgnoreCase('ABC')", True),
        ("items.size()", 3),
        ("items.contains(2)", True),
        ("items.contains('2')", False),
        ("items.get(0)", 1),
        ("items.indexOf(9)", -1),
        ("items.isEmpty()", False),
        ("order.containsKey('id')", True),
        ("order.get('id')", 7),
        ("order.getOrDefault('x', 1)", 1),
        ("order.keySet().size()", 4),
        ("f.intValue()", 2),
        ("n.toString()", "3"),
        ("yes.toString()", "true"),
        ("order.prop('items').elements().get(0).prop('price').numberValue()", 10),
        ("due.before(now())", False),
        ("text.concat(n).concat('!')", "abc3!"),
        ("text.charAt(0)", "a"),
        ("text.substring('1')", "bc"),
        ("text.replace('b', 'xx')", "axxc"),
        ("text.repeat(2)", "abcabc"),
        ("text.indexOf('b', 2)", -1),
        ("text.compareTo('abd')", -1),
        ("text.matches('[a-c]+')", True),
        ("text.matches('[ab]+')", False),
        (r"'a1b22'.replaceAll('\\d+', '#')", "a#b#"),
        (r"'a-b'.replaceAll('(\\w)-(\\w)', '$2$1')", "ba"),
        (r"'ab'.replaceFirst('[ab]', '\\$')", "$b"),
        ("csv.split(',')", ["a", "b"]),
        ("csv.split(',').size()", 2),
        ("items.subList(1, 3)", [2, 3]),
        ("items.getLast()", 3),
        ("items.lastIndexOf(1)", 0),
        ("items.containsAll(items)", True),
        ("order.fieldNames().size()", 4),
        ("order.isObject() && items.isArray() && text.isString()", True),
        ("n.compareTo(4)", -1),
        ("text.empty", False),
        # numbers and texts
        ("'2.5' + 1", 3.5),
        ("'1e2' * 1", 100.0),
        ("'-3' + 0", -3),
        ("'abc'.concat(2.0 * 50000000)", "abc1.0E8"),
        # dates
        ("dateTime().plusDays(1).isAfter(now())", True),
        ("dateTime().plusMonths(1).plusDays(29).toString('dd.MM.yyyy HH:mm')", "03.03.2026 03:04"),
        ("dateTime().minusYears(1).plusHours(2).plusMinutes(56).toDate().toString()", "2025-01-02T06:00:05+00:00"),
        ("dateTime().withTimeAtStartOfDay().toString(\"yyyy-MM-dd'T'HH:mm:ss.SSSZ\")", "2026-01-02T00:00:00.000+0000"),
        ("dateTime().withDayOfMonth(31).withTime(23, 59, 0, 0).toString('yy MM dd HH mm')", "26 01 31 23 59"),
        ("dateTime().dayOfWeek", 5),
        ("dateTime().getHourOfDay()", 3),
        ("due.getTime() == due.time", True),
        ("due.compareTo(now())", 0),
        # who asks
        ("currentUser()", "demo"),
        ("authenticatedUserId", "demo"),
        # the execution
        ("execution.processBusinessKey", "order-7"),
        ("execution.getProcessBusinessKey()", "order-7"),
        ("execution.processInstanceId", "2251799813685249"),
        ("execution.currentActivityId", "approve"),
        ("execution.getVariable('amount') + 1", 6),
        ("execution.hasVariable('missing')", False),
        ("now()", NOW),
    ],
)
@pytest.mark.parametrize("brackets", ["${%s}", "#{%s}"])
def test_value(brackets, source, value):
    result = parse_camunda7(brackets % source).evaluate(variables())

    assert result == value
    assert type(result) is type(value)


def test_an_expression_can_set_a_variable():
    scope = variables()

    assert parse_camunda7("${execution.setVariable('seen', n + 1)}").evaluate(scope) is None

    assert scope["execution"].getVariable("seen") == 4


@pytest.mark.parametrize(
    ("source", "cause"),
    [
        ("${missing}", "Unknown property used in expression: ${missing}. Cause: Cannot resolve identifier 'missing'"),
        ("#{!missing}", "Unknown property used in expression: #{!missing}. Cause: Cannot resolve identifier 'missing'"),
        (
            "a ${missing} b",
            "Unknown property used in expression: a ${missing} b. Cause: Cannot resolve identifier 'missing'",
        ),
        ("${text.size}", "Could not find property size in a value of type string"),
        ("${execution.secret}", "Could not find property secret in a value of type Execution"),
        ("${execution.__class__}", "Could not find property __class__ in a value of type Execution"),
        ("${execution['__dict__']}", "Could not find property __dict__ in a value of type Execution"),
        (
            "${execution.delete()}",
            "Unknown method used in expression: ${execution.delete()}. Cause: Cannot find method delete",
        ),
        ("${execution.getSecret()}", "Cannot find method getSecret with 0 parameters in Execution"),
        ("${text.format('x')}", "Cannot find method format with 1 parameters in string"),
        ("${text.__len__()}", "Cannot find method __len__"),
        ("${nothing.size()}", "Cannot call method size on null"),
        ("${items.get(3)}", "Method get of list failed: Index 3 out of bounds for length 3"),
        ("${text.substring(4)}", "Method substring of string failed: begin 4, end 3, length 3"),
        ("${text.length(1)}", "Method length of string failed"),
        ("${text.contains(1)}", "Method contains of string failed"),
        (
            "${text + 1}",
            "Error while evaluating expression: ${text + 1}. Cause: Cannot coerce 'abc' of type string to a number",
        ),
        ("${yes + 1}", "Cannot coerce true of type boolean to a number"),
        ("${items + 1}", "Cannot coerce a value of type list to a number"),
        ("${text == 1}", "Cannot coerce 'abc' of type string to a number"),
        ("${'NaN' + 1}", "Cannot coerce 'NaN' of type string to a number"),
        ("${n && yes}", "Cannot coerce 3 of type number to boolean"),
        ("${n ? 1 : 2}", "Cannot coerce 3 of type number to boolean"),
        ("${order < items}", "Cannot compare values of types map and list"),
        ("${1 / 0}", "Division by zero"),
        ("${1 % 0}", "Division by zero"),
        ("${items['a']}", "Cannot coerce 'a' of type string to a number"),
        ("${'1_0' + 1}", "Cannot coerce '1_0' of type string to a number"),
        ("${' 1' + 1}", "Cannot coerce ' 1' of type string to a number"),
        ("${text.length(1)}", "these are not the parameters it takes"),
        ("${text.repeat(-1)}", "Method repeat of string failed: count is negative: -1"),
        ("${text.matches('(')}", "Method matches of string failed: SyntaxError: Invalid regular expression"),
        ("${'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!'.matches('(a+)+')}", "it took longer than 1000 ms"),
        ("${now().plusYears(9000)}", "Method plusYears of date failed: date value out of range"),
        ("${now().toString('QQQ')}", "the date pattern 'QQQ' contains 'QQQ'; known are SSS, yyyy"),
        ("${items.subList(2, 1)}", "from 2, to 1, length 3"),
        ("${items.add(1)}", "Cannot find method add with 1 parameters in list"),
        ("${task.name}", "Cannot resolve identifier 'task'"),
    ],
)
def test_a_failure_names_the_expression_and_the_cause(source, cause):
    with pytest.raises(ExpressionError) as failure:
        parse_camunda7(source).evaluate(variables())

    assert cause in str(failure.value)
    assert source in str(failure.value)
    assert failure.value.expression == source


def test_an_expression_without_a_clock_has_no_now():
    with pytest.raises(ExpressionError, match="Function 'now' has no clock here"):
        parse_camunda7("${now()}").evaluate({})


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("${}", "syntax error at position 3, the expression is incomplete"),
        ("${a +}", "syntax error at position 6, the expression is incomplete"),
        ("${a b}", "syntax error at position 5, encountered 'b'"),
        ("${a.}", "syntax error at position 5, the expression is incomplete"),
        ("${a = 1}", "syntax error at position 5, encountered invalid character '='"),
        ("id-${a +}", "syntax error at position 9, the expression is incomplete"),
        ("${a", "syntax error at position 4, the text ends before '}'"),
        ("${'a}", "syntax error at position 6, the text ends before the string that is closed by '"),
        ("${sum(a)}", "Could not resolve function 'sum'"),
        ("${__now__}", "'__now__' is not a variable"),
        ("${__user__}", "'__user__' is not a variable"),
        (
            "${S(order).prop('id')}",
            (
                "function 'S' of Spin is not supported; a JSON variable is a value with properties here, "
                "as in ${order.customer.name}"
            ),
        ),
        ("${" + "!" * 300 + "a}", "it is nested more than 200 levels deep"),
        ("${" + "a+" * 300 + "a}", "it is nested more than 200 levels deep"),
        ("${" + "9" * 5000 + "}", "a number has too many digits"),
    ],
)
def test_a_mistake_is_found_when_parsing(source, reason):
    with pytest.raises(ExpressionError) as failure:
        parse_camunda7(source)

    assert str(failure.value) == f"Error parsing '{source}': {reason}"


def test_an_endless_text_is_refused():
    with pytest.raises(ExpressionError, match="10003 characters, 10000 are allowed"):
        parse_camunda7("${" + "1" * 10_000 + "}")


def test_many_brackets_are_no_problem():
    assert parse_camunda7("${" + "(" * 4000 + "1" + ")" * 4000 + "}").evaluate({}) == 1


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Order ${order.id} of ${order['first name']}", "Order 7 of Ada"),
        ("${n}${yes}#{nothing}", "3true"),
        ("f=${f}, items=${items}", "f=2.5, items=[1, 2, 3]"),
        ("due ${due}", "due 2026-01-02T03:04:05+00:00"),
        ("-${n}", "-3"),
        ("\\${n} is ${n}", "${n} is 3"),
        ("${'}'}!", "}!"),
        ('"${n}"', '"3"'),
        ("a } b ${n} { c", "a } b 3 { c"),
    ],
)
def test_values_inside_a_text_become_text(text, value):
    assert parse_camunda7(text).evaluate(variables()) == value


def test_white_space_around_one_expression_does_not_count():
    expression = parse_camunda7("\n  ${n}\n")

    assert (expression.source, expression.evaluate(variables())) == ("${n}", 3)


@pytest.mark.parametrize(("text", "value"), [("plain", "plain"), ("", ""), ("$5 {a}", "$5 {a}"), ("\\${a}", "${a}")])
def test_text_without_expressions_is_its_own_value(text, value):
    expression = parse_camunda7(text)

    assert (expression.language, expression.evaluate({}), expression.names) == (Language.STATIC, value, set())


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("${1}", set()),
        ("${a.b.c + d[e]}", {"a", "d", "e"}),
        ("${a ? b : c} and ${d}", {"a", "b", "c", "d"}),
        ("${x.get('y')}", {"x"}),
        ("${execution.getVariable('amount')}", {"execution", "amount"}),
        ("${execution.getVariable(name)}", {"execution", "name"}),
        ("${now()}", set()),
    ],
)
def test_names(source, names):
    assert parse_camunda7(source).names == names


def test_dates_compare():
    scope = {"due": NOW, "later": NOW + timedelta(days=1)}

    assert parse_camunda7("${due < later && later > due && due != later}").evaluate(scope) is True


def test_nobody_in_particular_is_null():
    assert parse_camunda7("${currentUser()}").evaluate({}) is None
    assert parse_camunda7("${authenticatedUserId == null}").evaluate({}) is True


PRECEDENCE = [["||"], ["&&"], ["==", "!="], ["<", ">", "<=", ">="], ["+", "-"], ["*", "/", "%"]]
LEVEL = {operator: level for level, operators in enumerate(PRECEDENCE) for operator in operators}


def with_all_brackets(tree):
    return tree if isinstance(tree, str) else "({} {} {})".format(*map(with_all_brackets, tree))


def with_few_brackets(tree):
    """Operators of one level group from the left."""
    if isinstance(tree, str):
        return tree
    left, operator, right = tree
    level = LEVEL[operator]
    one = bracketed_below(left, level)
    return f"{one} {operator} {bracketed_below(right, level + 1)}"


def bracketed_below(tree, level):
    text = with_few_brackets(tree)
    return text if isinstance(tree, str) or LEVEL[tree[1]] >= level else f"({text})"


def result_of(source):
    try:
        return parse_camunda7(f"${{{source}}}").evaluate({"n": 3, "nothing": None, "yes": True, "digits": "12"})
    except ExpressionError as failure:
        return str(failure).partition("Cause: ")[2]


@settings(max_examples=1000, derandomize=True, database=None, deadline=None)
@given(
    st.recursive(
        st.sampled_from(["0", "1", "2", "7.5", "n", "nothing", "yes", "digits", "'a'", "-n", "!yes", "empty nothing"]),
        lambda inner: st.tuples(inner, st.sampled_from(list(LEVEL)), inner),
        max_leaves=8,
    )
)
def test_operators_bind_as_the_specification_says(tree):
    assert result_of(with_few_brackets(tree)) == result_of(with_all_brackets(tree))
