//! Columns that line up, for people.

use std::fmt;

/// Rows of text; the columns named in `left` begin at the left, the others end at the right.
#[derive(Debug, Clone)]
pub struct Table {
    left: Vec<bool>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these headings; a heading with a `<` in front begins a left-hand column.
    pub fn new(headings: &[&str]) -> Self {
        let left = headings.iter().map(|heading| heading.starts_with('<')).collect();
        let names = headings.iter().map(|heading| heading.trim_start_matches('<').to_owned());
        Table { left, rows: vec![names.collect()] }
    }

    /// Adds a row; missing cells stay empty.
    pub fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..self.left.len()).map(width).collect();
        for row in &self.rows {
            let mut line = String::new();
            for ((cell, &width), &left) in row.iter().zip(&widths).zip(&self.left) {
                if !line.is_empty() {
                    line.push_str("  ");
                }
                match left {
                    true => line.push_str(&format!("{cell:<width$}")),
                    false => line.push_str(&format!("{cell:>width$}")),
                }
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_on_their_side() {
        let mut table = Table::new(&["<name", "bytes", "<kind"]);
        table.row(vec!["ä".into(), "12345678".into(), "text".into()]);
        table.row(vec!["longer".into(), "1".into()]);
        let expected = "name       bytes  kind\nä       12345678  text\nlonger         1\n";
        assert_eq!(table.to_string(), expected);
    }
}
