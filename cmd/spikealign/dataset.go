package main

import (
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"spikealign/dataset"
	"spikealign/internal/progress"
)

type datasetCommand struct {
	List   datasetListCommand   `cmd:"" help:"Which sets are known, which are here and where, and how to get the others."`
	Verify datasetVerifyCommand `cmd:"" help:"Read sets whole and hold them to what was published."`
	Fetch  datasetFetchCommand  `cmd:"" help:"Bring a set from its public home."`
}

// Help shows the examples.
func (datasetCommand) Help() string {
	return `Examples:

  spikealign dataset list
  spikealign dataset fetch fashion-mnist
  spikealign dataset verify`
}

// dataFlag names the folder of data sets.
type dataFlag struct {
	Data string `env:"SPIKEALIGN_DATA" placeholder:"DIR" help:"Folder of the data sets; without it: data. Changes no result."`
}

// checkSet says that there is no set of a name, and which may be meant.
func checkSet(name string) error {
	for _, known := range dataset.Names() {
		if name == known {
			return nil
		}
	}
	return noSuch("data set", name, dataset.Names())
}

type datasetListCommand struct {
	dataFlag
	JSON bool `name:"json" help:"Print everything as JSON."`
}

// Help shows the examples.
func (datasetListCommand) Help() string {
	return `Examples:

  spikealign dataset list
  spikealign dataset list --data /scratch/data --json

Files are looked for, not read; spikealign dataset verify reads them.`
}

// Run lists the sets.
func (c *datasetListCommand) Run(a *app) error {
	sets := dataset.Find(c.Data)
	if c.JSON {
		return printJSON(a.stdout, sets)
	}
	t := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "SET\tWHERE\tTRAIN\tTEST\tIMAGES\tOF")
	for _, s := range sets {
		where := s.Dir
		if where == "" {
			where = "-"
		}
		fmt.Fprintf(t, "%s\t%s\t%d\t%d\t%dx%dx%d\t%s\n", s.Name, where, s.Train, s.Test, s.Shape[0], s.Shape[1], s.Shape[2], s.Title)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, s := range sets {
		if s.Missing != "" {
			if _, err := fmt.Fprintf(a.stdout, "\n%s\n", s.Missing); err != nil {
				return err
			}
		}
	}
	return nil
}

type datasetVerifyCommand struct {
	Names []string `arg:"" optional:"" name:"name" help:"Sets, such as fashion-mnist. Without any: all that are here."`
	dataFlag
	JSON bool `name:"json" help:"Print the result as JSON."`
}

// Help shows the examples.
func (datasetVerifyCommand) Help() string {
	return `Examples:

  spikealign dataset verify
  spikealign dataset verify mnist svhn --data /scratch/data

Sizes, magic numbers, labels and checksums are compared with those of the published files, and the mean and the standard deviation of
each channel of the training images are printed (255 counts as 1). The exit code is 1 if a set is damaged, or was named and is not here.`
}

// verified is what is known of a set that was read.
type verified struct {
	Name  string    `json:"name"`
	Dir   string    `json:"dir,omitempty"`
	Whole bool      `json:"whole"`
	Fault string    `json:"fault,omitempty"`
	Train int       `json:"train,omitempty"`
	Test  int       `json:"test,omitempty"`
	Mean  []float64 `json:"mean,omitempty"`
	Std   []float64 `json:"std,omitempty"`
}

// Run verifies sets.
func (c *datasetVerifyCommand) Run(a *app) error {
	names := c.Names
	for _, name := range names {
		if err := checkSet(name); err != nil {
			return err
		}
	}
	if len(names) == 0 {
		for _, s := range dataset.Find(c.Data) {
			if s.Missing == "" {
				names = append(names, s.Name)
			}
		}
		if len(names) == 0 {
			fmt.Fprintln(a.stderr, "no data sets are here; see how to get them with: spikealign dataset list")
		}
	}
	all := []verified{}
	bad := 0
	for _, name := range names {
		if a.ctx.Err() != nil {
			return fmt.Errorf("interrupted")
		}
		v := verified{Name: name}
		if s, err := dataset.Open(c.Data, name); err != nil {
			bad++
			v.Fault = err.Error()
		} else {
			v.Whole, v.Dir, v.Train, v.Test = true, s.Dir, s.Train.Len(), s.Test.Len()
			v.Mean, v.Std = s.Moments()
		}
		all = append(all, v)
		if c.JSON {
			continue
		}
		line := fmt.Sprintf("%s: %s", name, v.Fault)
		if v.Whole {
			line = fmt.Sprintf("%s in %s is whole: %d training and %d test images, mean %s, std %s", name, v.Dir, v.Train, v.Test, fourDigits(v.Mean), fourDigits(v.Std))
		}
		if _, err := fmt.Fprintln(a.stdout, line); err != nil {
			return err
		}
	}
	if c.JSON {
		if err := printJSON(a.stdout, all); err != nil {
			return err
		}
	}
	if bad > 0 {
		return fmt.Errorf("%d of %d sets not here or damaged", bad, len(names))
	}
	return nil
}

func fourDigits(x []float64) string {
	var words []string
	for _, v := range x {
		words = append(words, fmt.Sprintf("%.4f", v))
	}
	return strings.Join(words, " ")
}

type datasetFetchCommand struct {
	Names []string `arg:"" name:"name" help:"Sets, such as fashion-mnist."`
	dataFlag
	From     string        `placeholder:"URL" help:"Address below which the files lie, for one set, in place of its public homes."`
	Progress time.Duration `default:"10s" placeholder:"DURATION" help:"Time between two lines of progress where standard error is not a terminal (default 10s)."`
	Quiet    bool          `short:"q" help:"No progress."`
}

// Help shows the examples.
func (datasetFetchCommand) Help() string {
	return `Examples:

  spikealign dataset fetch fashion-mnist
  spikealign dataset fetch mnist cifar-10 --data /scratch/data
  spikealign dataset fetch svhn --from http://mirror.example.org/svhn

The files go to DIR/NAME. A file stands there only when it is whole and its checksum is right; a download that was stopped goes on where it
was when the same is typed again (exit code 75 after Ctrl-C). Files that are there are checked, and kept or fetched anew.`
}

// Validate is called by kong.
func (c *datasetFetchCommand) Validate() error {
	if c.Progress < 0 {
		return fmt.Errorf("--progress must not be negative")
	}
	if c.From != "" && len(c.Names) > 1 {
		return fmt.Errorf("--from is the address of one set; name one")
	}
	if c.From != "" && !strings.HasPrefix(c.From, "http://") && !strings.HasPrefix(c.From, "https://") {
		return fmt.Errorf("--from must begin with http:// or https://")
	}
	return nil
}

// errPaused is a stop after which the same command goes on.
var errPaused = errors.New("interrupted; what has come is kept: type the same again to go on")

// Run fetches sets.
func (c *datasetFetchCommand) Run(a *app) error {
	for _, name := range c.Names {
		if err := checkSet(name); err != nil {
			return err
		}
	}
	for _, name := range c.Names {
		dir, err := c.fetch(a, name)
		if a.ctx.Err() != nil && err != nil {
			return errPaused
		}
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(a.stdout, "%s is in %s\n", name, dir); err != nil {
			return err
		}
	}
	return nil
}

// fetch fetches a set, with progress on standard error.
func (c *datasetFetchCommand) fetch(a *app, name string) (dir string, err error) {
	o := dataset.FetchOptions{Dir: c.Data, From: c.From}
	if c.Quiet {
		return dataset.Fetch(a.ctx, name, o)
	}
	r := newReporter(a, 1, c.Progress)
	a.redirect.to = r
	defer func() { a.redirect.to = a.stderr }()
	o.Note = func(text string) { fmt.Fprintln(r, text) }
	var task *progress.Task
	var of string
	end := func(status string, failed bool) {
		if task != nil {
			task.End(status, failed)
			task = nil
		}
	}
	o.Progress = func(file string, done, total int64) {
		if file != of {
			end("done", false)
			task, of = r.Start(file), file
		}
		if task != nil {
			task.Update(progress.State{Done: float64(done) / 1e6, Total: float64(total) / 1e6, Unit: "MB"})
		}
	}
	if dir, err = dataset.Fetch(a.ctx, name, o); err != nil {
		end("stopped", true)
		return "", err
	}
	end("done", false)
	return dir, nil
}
