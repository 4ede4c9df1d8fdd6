//! Charts as SVG, drawn here: no script, no font, nothing loaded. What a chart shows stands in a table beside it.
//!
//! Colours are written as attributes, which a style sheet overrides: `console.css` names each of them, so that light, dark
//! and print have their own. A style of its own the page's policy would refuse.

use plotters::{
    coord::ranged1d::{IntoSegmentedCoord, SegmentValue},
    prelude::{
        ChartBuilder, Color, DrawingBackend, IntoDrawingArea, IntoFont, RGBColor, Rectangle, SVGBackend, Text,
    },
    style::{
        FontStyle, TextStyle,
        text_anchor::{HPos, Pos, VPos},
    },
};

/// What the first series is drawn in, and a chart with one.
const FIRST: RGBColor = RGBColor(0x0d, 0x6b, 0x58);
/// What the rest of a column is drawn in.
const REST: RGBColor = RGBColor(0xb4, 0xcd, 0xc5);
/// Axes and their words.
const WORDS: RGBColor = RGBColor(0x56, 0x67, 0x5f);
/// Lines behind the columns.
const GRID: RGBColor = RGBColor(0xd7, 0xdf, 0xdc);

/// Pixels of a chart on a phone, where letters shall not shrink with it.
const PHONE: u32 = 320;

/// Height of columns.
const COLUMNS_HEIGHT: u32 = 240;
/// Height of a bar, of its word where that stands above it, and of the room above and below all of them.
const BAR_HEIGHT: u32 = 28;
const WORD_HEIGHT: u32 = 20;
const BARS_MARGIN: u32 = 6;

/// Size of letters, which `plotters` makes a fifth smaller.
const LETTERS: u32 = 16;

/// Pixels that a word on the axis of a column takes, with the room beside it.
const LABEL_WIDTH: u32 = 64;

/// How wide a chart is on a desk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Width {
    /// As the page.
    Full,
    /// Two stand side by side.
    Half,
}

impl Width {
    fn pixels(self) -> u32 {
        match self {
            Self::Full => 1_120,
            Self::Half => 540,
        }
    }
}

/// One chart in the two sizes of which the page shows one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Chart {
    pub(super) desk: String,
    pub(super) phone: String,
}

/// A column: its word on the axis, the part that stands at the bottom, and all of it.
#[derive(Clone, Debug)]
pub(super) struct Column {
    pub(super) label: String,
    pub(super) part: u64,
    pub(super) whole: u64,
}

/// A bar: its word, and how long it is.
#[derive(Clone, Debug)]
pub(super) struct Bar {
    pub(super) label: String,
    pub(super) count: u64,
}

/// Columns side by side, each with a part that stands out; none where there is nothing to be seen.
pub(super) fn columns(columns: &[Column], width: Width) -> Option<Chart> {
    let most = columns.iter().map(|column| column.whole).max().filter(|most| *most > 0)?;
    let draw = |width| {
        let mut text = String::new();
        let backend = SVGBackend::with_string(&mut text, (width, COLUMNS_HEIGHT));
        draw_columns(backend, columns, most, width).then_some(text)
    };
    Some(Chart { desk: draw(width.pixels())?, phone: draw(PHONE)? })
}

fn draw_columns<B: DrawingBackend>(backend: B, columns: &[Column], most: u64, width: u32) -> bool {
    let area = backend.into_drawing_area();
    let Ok(last) = i32::try_from(columns.len()) else { return false };
    // An axis of one place has no length: a column that is alone stands on one of two.
    let axis = (0..last.saturating_sub(1).max(1)).into_segmented();
    let chart = ChartBuilder::on(&area)
        .margin_top(10)
        .margin_right(8)
        .x_label_area_size(28)
        .y_label_area_size(52)
        .build_cartesian_2d(axis, 0..headroom(most));
    let Ok(mut chart) = chart else { return false };
    let label = |value: &SegmentValue<i32>| match value {
        SegmentValue::CenterOf(index) => usize::try_from(*index)
            .ok()
            .and_then(|index| columns.get(index))
            .map_or_else(String::new, |column| column.label.clone()),
        _ => String::new(),
    };
    let labels = (width / LABEL_WIDTH) as usize;
    let meshed = chart
        .configure_mesh()
        .disable_x_mesh()
        .bold_line_style(GRID)
        .light_line_style(GRID.mix(0.0))
        .axis_style(WORDS)
        .x_labels(labels.min(columns.len()))
        .y_labels(5)
        .label_style(words(HPos::Center, VPos::Center))
        .x_label_formatter(&label)
        .y_label_formatter(&|count| short(*count))
        .draw();
    let gap = if columns.len() > 40 { 0 } else { 2 };
    let column = |(index, from, to, colour): (i32, u64, u64, RGBColor)| {
        let corners = [(SegmentValue::Exact(index), from), (SegmentValue::Exact(index + 1), to)];
        let mut column = Rectangle::new(corners, colour.filled());
        column.set_margin(0, 0, gap, gap);
        column
    };
    let parts = (0..).zip(columns).flat_map(|(index, Column { part, whole, .. })| {
        [(index, 0, *part, FIRST), (index, *part, *whole, REST)]
    });
    let seen = parts.filter(|(_, from, to, _)| to > from).map(column);
    let drawn = meshed.is_ok() && chart.draw_series(seen).is_ok();
    drop(chart);
    drawn && area.present().is_ok()
}

/// Bars below each other, each with its word and its count; none where there is nothing to be seen.
pub(super) fn bars(bars: &[Bar]) -> Option<Chart> {
    let most = bars.iter().map(|bar| bar.count).max().filter(|most| *most > 0)?;
    let bar_height = |width| if width == PHONE { BAR_HEIGHT + WORD_HEIGHT } else { BAR_HEIGHT };
    let count = u32::try_from(bars.len()).ok()?;
    let draw = |width| {
        let height = count.checked_mul(bar_height(width))?.checked_add(2 * BARS_MARGIN)?;
        let mut text = String::new();
        let backend = SVGBackend::with_string(&mut text, (width, height));
        draw_bars(backend, bars, most, width).then_some(text)
    };
    Some(Chart { desk: draw(Width::Half.pixels())?, phone: draw(PHONE)? })
}

fn draw_bars<B: DrawingBackend>(backend: B, bars: &[Bar], most: u64, width: u32) -> bool {
    let area = backend.into_drawing_area();
    // Words stand left of the bars, or above them, and counts behind them.
    let is_above = width == PHONE;
    let above = if is_above { WORD_HEIGHT } else { 0 };
    let (from, to) = (if is_above { 0 } else { signed(width * 2 / 5) }, signed(width) - 56);
    for (index, Bar { label, count }) in (0_u32..).zip(bars) {
        let top = signed(BARS_MARGIN + index * (BAR_HEIGHT + above) + above);
        let middle = top + signed(BAR_HEIGHT / 2);
        let length = scaled(*count, most, to - from);
        let bar =
            Rectangle::new([(from, top + 4), (from + length, top + signed(BAR_HEIGHT) - 4)], FIRST.filled());
        let word = if is_above {
            Text::new(
                label.clone(),
                (from, top - signed(WORD_HEIGHT / 2) + 2),
                words(HPos::Left, VPos::Center),
            )
        } else {
            Text::new(label.clone(), (from - 10, middle), words(HPos::Right, VPos::Center))
        };
        let number = Text::new(short(*count), (from + length + 8, middle), words(HPos::Left, VPos::Center));
        let drawn = area.draw(&bar).is_ok() && area.draw(&word).is_ok() && area.draw(&number).is_ok();
        if !drawn {
            return false;
        }
    }
    area.present().is_ok()
}

fn words(horizontal: HPos, vertical: VPos) -> TextStyle<'static> {
    let font = ("sans-serif", LETTERS).into_font().style(FontStyle::Normal);
    TextStyle::from(font).color(&WORDS).pos(Pos::new(horizontal, vertical))
}

fn signed(pixels: u32) -> i32 {
    i32::try_from(pixels).unwrap_or(i32::MAX)
}

/// The length of a bar; one that stands for something can be seen.
fn scaled(count: u64, most: u64, pixels: i32) -> i32 {
    let length = u128::from(count) * u128::from(pixels.unsigned_abs()) / u128::from(most.max(1));
    let least = i32::from(count > 0) * 2;
    i32::try_from(length).unwrap_or(pixels).max(least)
}

/// Where the axis ends, so that the highest column does not touch the top.
fn headroom(most: u64) -> u64 {
    most.saturating_add((most / 12).max(1))
}

/// A count in few symbols: 950, 1.2k, 34k, 5.6M.
pub(super) fn short(count: u64) -> String {
    let (unit, name) = match count {
        ..1_000 => return count.to_string(),
        1_000..1_000_000 => (1_000, 'k'),
        1_000_000..1_000_000_000 => (1_000_000, 'M'),
        _ => (1_000_000_000, 'G'),
    };
    let (whole, tenth) = (count / unit, count % unit * 10 / unit);
    if whole < 10 && tenth > 0 { format!("{whole}.{tenth}{name}") } else { format!("{whole}{name}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(label: &str, part: u64, whole: u64) -> Column {
        Column { label: label.to_owned(), part, whole }
    }

    fn count(text: &str, part: &str) -> usize {
        text.matches(part).count()
    }

    #[test]
    fn columns_have_a_part_that_stands_out_and_words_below() {
        let chart =
            columns(&[column("Mon", 3, 4), column("Tue", 0, 0), column("<b>", 5, 5)], Width::Full).unwrap();
        for text in [&chart.desk, &chart.phone] {
            assert_eq!((count(text, "fill=\"#0D6B58\""), count(text, "fill=\"#B4CDC5\"")), (2, 1), "{text}");
            assert!(text.contains("Mon") && text.contains("Tue") && text.contains("&lt;b&gt;"), "{text}");
        }
        assert!(
            chart.desk.contains("viewBox=\"0 0 1120 240\"")
                && chart.phone.contains("viewBox=\"0 0 320 240\"")
        );
    }

    #[test]
    fn a_column_is_as_wide_as_its_place_also_where_it_is_alone() {
        for count in [1, 2, 3, 31, 400] {
            let columns: Vec<Column> = (0..count).map(|day| column(&format!("day {day}"), 1, 2)).collect();
            let chart = super::columns(&columns, Width::Full).unwrap();
            let widths: Vec<i32> = [&chart.desk, &chart.phone]
                .into_iter()
                .flat_map(|text| text.split("<rect").skip(1))
                .map(|rest| {
                    rest.split("width=\"").nth(1).unwrap().split('"').next().unwrap().parse().unwrap()
                })
                .collect();
            assert!(widths.len() >= 4 * count, "{count}");
            assert!(widths.iter().all(|width| *width >= 0), "{count}: {widths:?}");
        }
    }

    #[test]
    fn bars_are_as_long_as_what_they_stand_for() {
        let bar = |label: &str, count| Bar { label: label.to_owned(), count };
        let chart =
            bars(&[bar("started", 1_000), bar("verified", 500), bar("none", 0), bar("one", 1)]).unwrap();
        let widths: Vec<u32> = chart
            .desk
            .split("<rect")
            .skip(1)
            .map(|rest| rest.split("width=\"").nth(1).unwrap().split('"').next().unwrap().parse().unwrap())
            .collect();
        assert_eq!(widths, [268, 134, 0, 2]);
        assert!(chart.desk.contains("\n1k\n"), "{}", chart.desk);
    }

    #[test]
    fn where_there_is_nothing_to_be_seen_there_is_no_chart() {
        assert_eq!(columns(&[], Width::Half), None);
        assert_eq!(columns(&[column("Mon", 0, 0)], Width::Half), None);
        assert_eq!(bars(&[]), None);
        assert_eq!(bars(&[Bar { label: "none".to_owned(), count: 0 }]), None);
    }

    #[test]
    fn the_policy_of_pages_lets_every_chart_through() {
        let many: Vec<Column> = (0..800).map(|day| column(&format!("day {day}"), day, day + 1)).collect();
        let all = [columns(&many, Width::Full), bars(&[Bar { label: "a".to_owned(), count: u64::MAX }])];
        for text in all.into_iter().flatten().flat_map(|chart| [chart.desk, chart.phone]) {
            for refused in ["style", "<script", " on", "href", "url("] {
                assert!(!text.contains(refused), "{refused}");
            }
            assert!(text.starts_with("<svg ") && text.trim_end().ends_with("</svg>"));
        }
    }

    #[test]
    fn counts_are_told_in_few_symbols() {
        let cases = [
            (0, "0"),
            (999, "999"),
            (1_000, "1k"),
            (1_250, "1.2k"),
            (34_567, "34k"),
            (5_600_000, "5.6M"),
            (7_000_000_000, "7G"),
        ];
        for (count, text) in cases {
            assert_eq!(short(count), text);
        }
    }
}
