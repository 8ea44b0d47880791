// What the generated formulas call: the functions of their dialect that JavaScript lacks, and their loops.
"use strict";
const {abs, cos, exp, floor, log, max, min, sign, sin, sqrt, tanh} = Math;
const array = (size, of) => Array.from({length: size}, (_, at) => of(at));
const flat = values => (Array.isArray(values) ? values.flat(Infinity) : [values]);
const sum = values => flat(values).reduce((total, value) => total + value, 0);
const product = values => flat(values).reduce((total, value) => total * value, 1);
const mean = values => sum(values) / flat(values).length;
const largest = values => flat(values).reduce((one, other) => max(one, other), -Infinity);
const smallest = values => flat(values).reduce((one, other) => min(one, other), Infinity);
const entry = (values, ...places) => places.reduce((of, at) => (of === undefined ? of : of[at]), values) ?? 0;

// The error function: its series near 0, a continued fraction in the tails (Abramowitz & Stegun, 7.1.6 and 7.1.14).
function erfSeries(x) {
  let term = (2 / sqrt(Math.PI)) * exp(-x * x) * x,
    total = term;
  for (let n = 1; abs(term) > 1e-18 * abs(total); n++) total += term *= (2 * x * x) / (2 * n + 1);
  return total;
}
function erfcFraction(x) {
  let fraction = x;
  for (let n = 120; n > 0; n--) fraction = x + n / 2 / fraction;
  return exp(-x * x) / sqrt(Math.PI) / fraction;
}
const erf = x => (abs(x) < 2.5 ? erfSeries(x) : sign(x) * (1 - erfcFraction(abs(x))));
const Φ = z => (z < -3 ? erfcFraction(-z / Math.SQRT2) / 2 : (1 + erf(z / Math.SQRT2)) / 2);
const φ = z => exp((-z * z) / 2) / sqrt(2 * Math.PI);
