// The civil date of a second since 1970 (proleptic Gregorian, UTC), since the engine has no Date.

const SECONDS_PER_DAY = 86_400;
/** Days from 0000-03-01, where the arithmetic starts, to 1970-01-01. */
const EPOCH = 719_468;
const DAYS_PER_ERA = 146_097;

/**
 * RFC 3339 in UTC with `digits` (0 to 9) digits of the second, cut and not rounded: `1970-01-01T00:00:00.000Z`.
 * @param seconds since 1970, up to the year 9999
 */
export function rfc3339(seconds: number, nanoseconds: number, digits: number): string {
  const days = Math.floor(seconds / SECONDS_PER_DAY);
  const rest = seconds - days * SECONDS_PER_DAY;
  const fraction = pad(nanoseconds, 9).slice(0, digits);
  const clock = [Math.floor(rest / 3600), Math.floor(rest / 60) % 60, rest % 60].map((part) => pad(part, 2));
  return `${date(days)}T${clock.join(":")}${fraction === "" ? "" : `.${fraction}`}Z`;
}

/** Years begin in March here, so that the leap day is the last of them: days_from_civil of Howard Hinnant. */
function date(days: number): string {
  const shifted = days + EPOCH;
  const era = Math.floor(shifted / DAYS_PER_ERA);
  const dayOfEra = shifted - era * DAYS_PER_ERA;
  const leaps = Math.floor(dayOfEra / 1460) - Math.floor(dayOfEra / 36_524) + Math.floor(dayOfEra / 146_096);
  const yearOfEra = Math.floor((dayOfEra - leaps) / 365);
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const fromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * fromMarch + 2) / 5) + 1;
  const month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9;
  const year = era * 400 + yearOfEra + (month <= 2 ? 1 : 0);
  return `${pad(year, 4)}-${pad(month, 2)}-${pad(day, 2)}`;
}

function pad(value: number, width: number): string {
  return String(value).padStart(width, "0");
}
