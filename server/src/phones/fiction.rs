//! Numbers that regulators have set aside for films and examples: nobody has them, so they make good test numbers.

/// What such a number begins with, and how many digits it has in all.
type Range = (&'static str, usize);

/// Ofcom, ACMA and ARCEP publish these. North America's stand in [`is_north_american`], as any area code has them.
const RANGES: &[Range] = &[
    // United Kingdom: "Telephone numbers for use in TV and radio drama".
    ("447700900", 12),
    ("441134960", 12),
    ("441144960", 12),
    ("441154960", 12),
    ("441164960", 12),
    ("441174960", 12),
    ("441184960", 12),
    ("441214960", 12),
    ("441314960", 12),
    ("441414960", 12),
    ("441514960", 12),
    ("441614960", 12),
    ("441632960", 12),
    ("441914980", 12),
    ("442079460", 12),
    ("442890180", 12),
    ("442920180", 12),
    // Australia: "Phone numbers for use in TV shows, films and creative works".
    ("61255500", 11),
    ("61270100", 11),
    ("61355500", 11),
    ("61370100", 11),
    ("61755500", 11),
    ("61770100", 11),
    ("61855500", 11),
    ("61870100", 11),
    ("61491570006", 11),
    ("61491570156", 11),
    ("61491570157", 11),
    ("61491570158", 11),
    ("61491570159", 11),
    ("61491570110", 11),
    // France: numbers for audiovisual works.
    ("3319900", 11),
    ("3326191", 11),
    ("3335301", 11),
    ("3346571", 11),
    ("3353649", 11),
    ("3363998", 11),
];

/// Whether nobody can have this number, digits with its country code.
pub(super) fn is_fictional(digits: &str) -> bool {
    let fits = |(start, length): &Range| digits.starts_with(start) && digits.len() == *length;
    RANGES.iter().any(fits) || is_north_american(digits)
}

/// 555-0100 to 555-0199 in any area.
fn is_north_american(digits: &str) -> bool {
    digits.len() == 11 && digits.starts_with('1') && digits.get(4..9) == Some("55501")
}
