package experiment

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"
)

// ReadTable reads the table NAME.csv of the run in dir, columns by name. Cells that are empty or no numbers are NaN; a last line that is still being written is left
// out. A table that does not exist yet is empty.
func ReadTable(dir, name string) (map[string][]float64, error) {
	columns := map[string][]float64{}
	file := filepath.Join(dir, name+".csv")
	f, err := os.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return columns, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	c := csv.NewReader(f)
	c.FieldsPerRecord = -1
	rows, err := c.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	for k, row := range rows {
		if len(row) < len(rows[0]) {
			break
		}
		for i, name := range rows[0] {
			if k == 0 {
				columns[name] = nil
				continue
			}
			x, err := strconv.ParseFloat(row[i], 64)
			if err != nil {
				x = math.NaN()
			}
			columns[name] = append(columns[name], x)
		}
	}
	return columns, nil
}
