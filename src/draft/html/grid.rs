//! Where the cells of a table stand: browsers lay a cell over several columns or rows where it says so (HTML, "forming a table"), which
//! moves those behind it.

use std::collections::BTreeMap;

use scraper::ElementRef;

use super::numbers::integer;
use super::text::{in_order, is_left_out, is_never_shown};

/// The most columns and rows that a cell is laid over in browsers.
const MOST_SPANNED: [usize; 2] = [1000, 65_534];
/// In how many columns it is looked at how many rows a cell is laid over.
const MOST_COLUMNS: usize = 1000;

/// A cell of a row.
#[derive(Debug, Clone, Copy)]
pub struct Cell<'a> {
    /// The cell, of which no text may be read.
    pub element: ElementRef<'a>,
    /// How many columns are before its own in which some cell of the table begins.
    pub column: usize,
}

/// Returns the rows of a table that are read, not those of tables in it, each with the cells that have a place on the page.
pub fn rows(table: ElementRef<'_>) -> Vec<Vec<Cell<'_>>> {
    let mut rows: Vec<Vec<Cell<'_>>> = Vec::new();
    for group in in_order(table).into_iter().filter_map(ElementRef::wrap) {
        let is_group = matches!(group.value().name(), "thead" | "tbody" | "tfoot");
        if is_group && !is_left_out(group) {
            rows.extend(rows_of(group));
        }
    }
    let mut begun: Vec<usize> = rows.iter().flatten().map(|cell| cell.column).collect();
    begun.sort_unstable();
    begun.dedup();
    for cell in rows.iter_mut().flatten() {
        cell.column = begun.partition_point(|column| *column < cell.column);
    }
    rows
}

fn rows_of(group: ElementRef<'_>) -> Vec<Vec<Cell<'_>>> {
    let mut rows = Vec::new();
    // By their first columns, what is laid over rows below: behind which columns and rows it ends.
    let mut spanning: BTreeMap<usize, (usize, usize)> = BTreeMap::new();
    let all = group.children().filter_map(ElementRef::wrap);
    let in_place = all.filter(|row| row.value().name() == "tr" && !is_never_shown(*row));
    for (at, row) in in_place.enumerate() {
        let mut cells = Vec::new();
        let mut begun = Vec::new();
        let mut column = 0;
        let all = row.children().filter_map(ElementRef::wrap);
        for element in all.filter(|cell| is_cell(*cell) && !is_never_shown(*cell)) {
            while let Some((first, (end, below))) = spanning.range(..=column).next_back() {
                let first = *first;
                if *below <= at {
                    spanning.remove(&first);
                } else if *end > column {
                    column = *end;
                } else {
                    break;
                }
            }
            cells.push(Cell { element, column });
            let [columns, rows] = spans(element);
            if rows != 1 && column < MOST_COLUMNS {
                let below = if rows == 0 { usize::MAX } else { at + rows };
                begun.push((column, (column + columns, below)));
            }
            column += columns;
        }
        spanning.extend(begun);
        if !is_left_out(row) {
            rows.push(cells);
        }
    }
    rows
}

/// Returns over how many columns a cell is laid, and over how many rows, 0 for all to the end of the rows around it.
fn spans(cell: ElementRef<'_>) -> [usize; 2] {
    let span = |name, most| {
        let own = cell.value().attr(name).and_then(integer);
        let own = own.and_then(|own| usize::try_from(own).ok());
        own.map_or(1, |own| own.min(most))
    };
    let [columns, rows] = MOST_SPANNED;
    [span("colspan", columns).max(1), span("rowspan", rows)]
}

/// Tells whether an element is a cell of a table.
pub fn is_cell(element: ElementRef<'_>) -> bool {
    matches!(element.value().name(), "td" | "th")
}

/// Names a cell that is laid over several columns or rows.
pub fn strange(element: ElementRef<'_>) -> Option<&'static str> {
    if !is_cell(element) {
        return None;
    }
    let name = element.value().name();
    match spans(element) {
        [1, 1] => None,
        [1, _] => Some(if name == "td" {
            "<td rowspan>"
        } else {
            "<th rowspan>"
        }),
        _ => Some(if name == "td" {
            "<td colspan>"
        } else {
            "<th colspan>"
        }),
    }
}
