// The text of config.json: what is JSON, what is not and where, and what becomes of numbers and bytes.

import { describe, expect, test } from "vitest";
import { parseJson } from "../../../src/spec/json.ts";
import { parseProcess, parseResources, parseSpec } from "../../../src/spec/parse.ts";
import { errorOf } from "./document.ts";

const read = (text: string) => parseJson(text, "config.json");

const NOT_JSON: readonly (readonly [text: string, why: string])[] = [
  ["", "line 1 column 1: expected a value, found the end of the text"],
  [" \n\t ", "line 2 column 3: expected a value, found the end of the text"],
  ["hello", 'line 1 column 1: expected a value, found "h"'],
  ["\xef\xbb\xbf{}", 'line 1 column 1: expected a value, found "\\xef"'],
  ["{}{}", 'line 1 column 3: expected nothing after the value, found "{"'],
  ['{"a":1,}', 'line 1 column 8: expected a key in quotes, found "}"'],
  ["{a:1}", 'line 1 column 2: expected a key in quotes or }, found "a"'],
  ['{"a" 1}', 'line 1 column 6: expected a colon, found "1"'],
  ['{"a":1 "b":2}', 'line 1 column 8: expected a comma or }, found "\\""'],
  ["[1 2]", 'line 1 column 4: expected a comma or ], found "2"'],
  ["[1,]", 'line 1 column 4: expected a value, found "]"'],
  ["[,1]", 'line 1 column 2: expected a value or ], found ","'],
  ["[1}", 'line 1 column 3: expected a comma or ], found "}"'],
  ['{\n  "a": 1,\n  "b": tru\n}', 'line 3 column 8: expected a value, found "t"'],
  ['{"root": {"path": "roo', "line 1 column 23: expected a closing quote, found the end of the text"],
  ['{"root": {"path": ', "line 1 column 19: expected a value, found the end of the text"],
  ['{"root": {', "line 1 column 11: expected a key in quotes or }, found the end of the text"],
  ['{"root": {}', "line 1 column 12: expected a comma or }, found the end of the text"],
  ['"a\nb"', 'line 1 column 3: expected an escape for a control character, found "\\n"'],
  ['"\\x"', 'line 1 column 3: expected one of "\\/bfnrtu, found "x"'],
  ['"\\u00g0"', 'line 1 column 6: expected a hexadecimal digit, found "g"'],
  ['"\\ud800"', 'line 1 column 8: expected a low surrogate after this high one, found "\\""'],
  ['"\\ud800\\u0041"', 'line 1 column 8: expected a low surrogate after this high one, found "\\\\"'],
  ['"\\udc00"', 'line 1 column 2: expected a high surrogate before this low one, found "\\\\"'],
  ["01", 'line 1 column 2: expected a number without leading zeros, found "1"'],
  ["-", "line 1 column 2: expected a digit, found the end of the text"],
  ["1.", "line 1 column 3: expected a digit, found the end of the text"],
  ["1e+", "line 1 column 4: expected a digit, found the end of the text"],
  [".5", 'line 1 column 1: expected a value, found "."'],
  ["+1", 'line 1 column 1: expected a value, found "+"'],
  ["NaN", 'line 1 column 1: expected a value, found "N"'],
  ["0xff", 'line 1 column 2: expected nothing after the value, found "x"'],
  ["/* no */ 1", 'line 1 column 1: expected a value, found "/"'],
  ["{12345678901234567:1}", 'line 1 column 2: expected a key in quotes or }, found "1"'],
  ["[00012345678901234567]", 'line 1 column 3: expected a number without leading zeros, found "0"'],
];

describe("not JSON", () => {
  test.each(NOT_JSON)("%j", (text, why) => {
    expect(errorOf(() => read(text))).toEqual({ what: "config.json is not JSON", why });
  });

  test.each([
    ["the process file", () => parseProcess("{")],
    ["the resources file", () => parseResources("{")],
    ["config.json", () => parseSpec("{")],
  ])("the error names %s", (file, parse) => {
    expect(errorOf(parse)).toEqual({
      what: `${file} is not JSON`,
      why: "line 1 column 2: expected a key in quotes or }, found the end of the text",
    });
  });
});

test("nesting that would exhaust a stack is refused where a number makes us walk it", () => {
  const nested = (depth: number, core: string) => `${"[".repeat(depth)}${core}${"]".repeat(depth)}`;
  const long = "12345678901234567";
  expect(() => read(nested(1000, long))).not.toThrow();
  expect(errorOf(() => read(nested(1001, long)))).toEqual({
    what: "config.json is not JSON",
    why: 'line 1 column 1001: expected at most 1000 levels of nesting, found "["',
  });
});

describe("numbers", () => {
  test.each<[string, unknown]>([
    ["0", 0],
    ["-0", -0],
    ["1e3", 1000],
    ["1.5", 1.5],
    ["1e400", Number.POSITIVE_INFINITY],
    ["999999999999999", 999999999999999],
    ["9007199254740993", 9007199254740993n],
    ["-9223372036854775808", -9223372036854775808n],
    ["18446744073709551615", 18446744073709551615n],
    ["18446744073709551616", 18446744073709551616n],
    ["1".repeat(64), BigInt("1".repeat(64))],
    // Beyond any integer that somebody could mean: a double, as everywhere else.
    ["1".repeat(65), Number("1".repeat(65))],
    ["1234567890123456.5", 1234567890123456.5],
    ["1.2345678901234567", 1.2345678901234567],
    ["1e-12345678901234567", 0],
    ["12345678901234567e0", Number("12345678901234567")],
  ])("%s", (text, value) => {
    expect(read(text)).toBe(value);
    expect(read(`{"a":[ ${text} ],"b":${text}}`)).toEqual({ a: [value], b: value });
  });

  test("digits in strings and keys stay text", () => {
    const text = '{"12345678901234567":"12345678901234567","a\\"":12345678901234567,"b\\\\":"1"}';
    expect(read(text)).toEqual({
      "12345678901234567": "12345678901234567",
      'a"': 12345678901234567n,
      "b\\": "1",
    });
  });

  test("every position of a long integer is found", () => {
    for (let before = 0; before < 40; before++) {
      for (let length = 14; length < 34; length++) {
        const digits = "123456789".repeat(4).slice(0, length);
        const expected = length > 15 ? BigInt(digits) : Number(digits);
        expect(read(`[${" ".repeat(before)}${digits},7]`)).toEqual([expected, 7]);
      }
    }
  });
});

describe("strings are bytes", () => {
  test.each<[string, string]>([
    ["plain", "plain"],
    ["\\u0041\\u00e9\\u20ac\\ud83d\\ude00", "A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"],
    ["\\u007f\\u0080\\u07ff\\u0800\\uffff", "\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf"],
    ["\\udbff\\udfff", "\xf4\x8f\xbf\xbf"],
    ["\\\\u0100", "\\u0100"],
    ["\\\\\\u0100", "\\\xc4\x80"],
    ['\\"\\/\\b\\f\\n\\r\\t', '"/\b\f\n\r\t'],
    ["\\u0000", "\0"],
    ["\xff\xfe\x80 \xc3", "\xff\xfe\x80 \xc3"],
    ["\xc3\xa9 \\u00e9", "\xc3\xa9 \xc3\xa9"],
  ])("%j", (written, meant) => {
    expect(read(`"${written}"`)).toBe(meant);
    expect(read(`{"${written}":12345678901234567}`)).toEqual({ [meant]: 12345678901234567n });
  });
});

test("of duplicate keys the last one wins", () => {
  expect(read('{"a":1,"b":2,"a":3}')).toEqual({ a: 3, b: 2 });
  expect(read('{"a":12345678901234567,"a":1}')).toEqual({ a: 1 });
});

test("__proto__ is a key like others", () => {
  const value = read('{"__proto__":{"polluted":12345678901234567}}') as object;
  expect(Object.getOwnPropertyNames(value)).toEqual(["__proto__"]);
  expect("polluted" in value).toBe(false);
});
