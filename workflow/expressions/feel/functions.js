/*
 * Functions of Camunda 8's FEEL that feelin does not have. Failing ones throw: the evaluation as a whole fails.
 */

function named(parameters, implementation) {
  return Object.assign(implementation, { $args: parameters });
}

export class AssertionFailure extends Error {}

function failAssertion(cause) {
  throw new AssertionFailure(cause);
}

export const functions = {
  'assert': named([ 'value', 'condition', 'cause' ], (value, condition, cause) =>
    condition === true ? value : failAssertion(cause || 'The condition is not fulfilled')),
  'is defined': named([ 'value' ], value => value !== null && value !== undefined),
  'get or else': named([ 'value', 'default' ], (value, fallback) => value ?? fallback ?? null)
};
