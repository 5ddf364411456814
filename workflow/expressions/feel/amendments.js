/*
 * What the interpreter does otherwise than Camunda 8 and lets nobody configure, changed while it is bundled.
 *
 * Every passage has to be found exactly once: a release of feelin that reads differently fails the build instead of
 * changing results in silence.
 */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const NUMBERS = fileURLToPath(new URL('numbers.js', import.meta.url));

const AMENDMENTS = [
  // decimal arithmetic
  [`return a + b;\n                }, 'add'`, `return plus(a, b);\n                }, 'add'`],
  [`return a - b;\n                }, 'subtract'`, `return minus(a, b);\n                }, 'subtract'`],
  [`nullable((a, b) => Math.pow(a, b), 'exponentiate', ['number'])`, `nullable(power, 'exponentiate', ['number'])`],
  [`node.input.includes('.') ? parseFloat(node.input) : parseInt(node.input)`, `Number(node.input)`],
  // durations are negated, multiplied and divided
  [
    `return op(context)(() => 0, value);`,
    `const operand = value(context);
                    return isDuration(operand)
                        ? new FeelDuration(operand.value.negated(), operand.yearsMonths)
                        : op(context)(() => 0, () => operand);`,
  ],
  [`nullable((a, b) => a * b, 'multiply', ['number'])`, `scaling(times, nullable(times, 'multiply', ['number']))`],
  [
    `nullable((a, b) => !b ? null : a / b, 'divide', ['number'])`,
    `scaling(over, nullable(over, 'divide', ['number']))`,
  ],
  [
    `            switch (node.input) {\n                case '+':`,
    `            const scaling = (op, otherwise) => (a, b) => {
                const [left, right] = [a(context), b(context)];
                const result = scaledDuration(op, left, right);
                return result === undefined ? otherwise(() => left, () => right) : result;
            };
            switch (node.input) {\n                case '+':`,
  ],
  [
    `function evalNode(node, args, interpreterContext) {`,
    `function scaledDuration(op, left, right) {
    const unit = (d) => d.yearsMonths ? 'month' : 'millisecond';
    const total = (d) => d.value.total({ unit: unit(d), relativeTo: REFERENCE_DATE });
    const scaled = (d, n) => n === null ? null : new FeelDuration(
      Temporal.Duration.from({ [unit(d) + 's']: Math.trunc(n) }), d.yearsMonths);
    if (isDuration(left) && isNumber(right)) {
        return scaled(left, op(total(left), right));
    }
    if (isNumber(left) && isDuration(right) && op === times) {
        return scaled(right, times(left, total(right)));
    }
    if (isDuration(left) && isDuration(right) && op === over && left.yearsMonths === right.yearsMonths) {
        return over(total(left), total(right));
    }
    return undefined;
}
function evalNode(node, args, interpreterContext) {`,
  ],
  // values without an order are not comparable, which is null and no failure
  ['throw new Error(`unsupported range: ${start}..${end}`);', ''],
  // a condition is met by true alone
  [`if (isTruthy(ifCondition(context))) {`, `if (ifCondition(context) === true) {`],
  [`contexts.every(ctx => isTruthy(_condition(ctx)))`, `contexts.every(ctx => _condition(ctx) === true)`],
  [`contexts.some(ctx => isTruthy(_condition(ctx)))`, `contexts.some(ctx => _condition(ctx) === true)`],
  [
    // a filter keeps what is false or null, too
    `if (result === true) {
                        return el;
                    }
                    return result;
                }).filter(isTruthy);`,
    `return result === true ? [el] : [];
                }).flat();`,
  ],
];

export const amendFeelin = {
  name: 'amend-feelin',
  setup(build) {
    build.onLoad({ filter: /[\\/]feelin[\\/]dist[\\/]index\.js$/ }, async ({ path }) => {
      const source = await readFile(path, 'utf8');
      const contents = AMENDMENTS.reduce(amended, source);
      const names = `import { minus, over, plus, power, times } from ${JSON.stringify(NUMBERS)};\n`;
      return { contents: names + contents, loader: 'js' };
    });
  },
};

function amended(source, [before, after]) {
  if (source.split(before).length !== 2) {
    throw new Error(`Expected exactly once in feelin: ${before}`);
  }
  return source.replace(before, () => after);
}
