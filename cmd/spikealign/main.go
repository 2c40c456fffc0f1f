// Command spikealign runs experiments on spike-based alignment learning. `spikealign --help` lists
// its commands.
//
// Results go to standard output, everything else to standard error. Exit codes: 0 done; 1 failed; 2
// wrong usage or configuration, or the files at hand need another option; 75 stopped with a
// checkpoint, to be resumed.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/alecthomas/kong"
	"golang.org/x/term"

	"spikealign/catalog"
	"spikealign/drawings"
	"spikealign/experiment"
	"spikealign/internal/yamlconf"
)

// Exit codes.
const (
	exitDone    = 0
	exitFailed  = 1
	exitUsage   = 2
	exitStopped = 75 // EX_TEMPFAIL: a batch system may queue the job again
)

// commands is the command line. A command is one file: a struct with flags as fields and a method
// Run(*app) error.
type commands struct {
	Run       runCommand       `cmd:"" help:"Run one experiment."`
	Resume    resumeCommand    `cmd:"" help:"Go on with a run that was stopped."`
	Sweep     sweepCommand     `cmd:"" help:"Run an experiment over a grid of values."`
	Status    statusCommand    `cmd:"" help:"How far a sweep is: what is queued, runs, is done, failed and why."`
	Cancel    cancelCommand    `cmd:"" help:"Take a sweep out of Slurm's queue."`
	Retry     retryCommand     `cmd:"" help:"Run the members of a sweep again that failed."`
	Task      taskCommand      `cmd:"" name:"sweep-task" hidden:"" help:"Work on the members of a task of a job array."`
	Sample    sampleCommand    `cmd:"" help:"Sample with the weights of a finished run, free or clamped."`
	Reproduce reproduceCommand `cmd:"" help:"Reproduce figures of the paper, with a verdict on each claim."`
	Analyze   analyzeCommand   `cmd:"" help:"SAL statistics of recorded spike trains."`
	STDD      stddCommand      `cmd:"" name:"stdd" help:"Two neurons, exactly: spike-timing differences and what SAL makes of them."`
	Examples  examplesCommand  `cmd:"" help:"List the experiment files that are in the program, or print one."`
	Template  templateCommand  `cmd:"" help:"Print an experiment file with every default, or a sweep file, to begin with."`
	Serve     serveCommand     `cmd:"" help:"Show runs, sweeps and figures as web pages."`
	List      listCommand      `cmd:"" help:"Show runs at a glance."`
	Dataset   datasetCommand   `cmd:"" help:"Sets of images: what is here, whether it is whole, how to get it."`
	Plot      plotCommand      `cmd:"" help:"Draw the figures of a run or a sweep."`
	Convert   convertCommand   `cmd:"" help:"Turn a parameter file of the authors' programs into an experiment file."`
	Version   versionCommand   `cmd:"" help:"Print the version."`
	Help      helpCommand      `cmd:"" help:"Tell about a command."`

	Verbose     bool             `short:"v" help:"Tell more on standard error."`
	ShowVersion kong.VersionFlag `name:"version" help:"Print the version."`
}

// app is what commands work with.
type app struct {
	ctx            context.Context
	stdout, stderr io.Writer
	kinds          experiment.Kinds
	drawers        drawings.Drawers
	log            *slog.Logger
	redirect       *redirect // where log and warnings go
}

func main() {
	os.Exit(process(catalog.All()))
}

// process runs the program with the arguments and signals of this process. The first SIGINT or
// SIGTERM stops a run with a checkpoint, the second ends the process at once.
func process(known catalog.Entries) int {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) { // nohup
		signal.Notify(signals, syscall.SIGHUP)
	}
	// Who reads the progress may go away (| head): that is no reason to lose a run.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	go func() {
		<-signals
		cancel()
		s := <-signals
		// Where nobody reads standard error any more the process may be waiting in a write, and so
		// would this one.
		go fmt.Fprintln(os.Stderr, "\nspikealign: aborted; a run can be resumed from its last checkpoint")
		time.Sleep(50 * time.Millisecond)
		if n, ok := s.(syscall.Signal); ok {
			os.Exit(128 + int(n))
		}
		os.Exit(exitFailed)
	}()
	return run(ctx, os.Stdout, os.Stderr, os.Args[1:], known)
}

// run is the program; it returns the exit code.
func run(ctx context.Context, stdout, stderr io.Writer, args []string, known catalog.Entries) (code int) {
	var cli commands
	parser := newParser(&cli, known, stdout, stderr)
	// kong wants to exit after --help and --version.
	defer func() {
		switch r := recover().(type) {
		case nil:
		case exit:
			code = int(r)
		default:
			fmt.Fprintf(stderr, "spikealign: a fault of the program: %v; please report it; a run can be resumed from its last checkpoint\n%s", r, debug.Stack())
			code = exitFailed // Go's own code for this is 2
		}
	}()
	if len(args) == 0 {
		args = []string{"--help"}
	}
	c, err := parser.Parse(args)
	if err != nil {
		if word, known := unknownCommand(parser, err, args); word != "" {
			err = noSuch("command", word, known)
		}
		where := "spikealign"
		var pe *kong.ParseError
		if errors.As(err, &pe) && pe.Context != nil && pe.Context.Selected() != nil {
			where += " " + pe.Context.Selected().Name
		}
		fmt.Fprintf(stderr, "spikealign: %v; see %s --help\n", err, where)
		return exitUsage
	}
	out := &redirect{to: stderr}
	level := slog.LevelInfo
	if cli.Verbose {
		level = slog.LevelDebug
	}
	a := &app{ctx: ctx, stdout: stdout, stderr: stderr, kinds: known.Kinds(), drawers: known.Drawers(), redirect: out, log: slog.New(slog.NewTextHandler(out, &slog.HandlerOptions{
		Level: level,
		ReplaceAttr: func(groups []string, at slog.Attr) slog.Attr {
			if at.Key == slog.TimeKey && len(groups) == 0 {
				return slog.Attr{}
			}
			return at
		}}))}
	return report(stderr, c.Run(a, parser))
}

// unknownCommand returns the word that stands where a command should, if that is what the parser
// complains about, and the commands that there are.
func unknownCommand(parser *kong.Kong, err error, args []string) (word string, known []string) {
	var pe *kong.ParseError
	if !errors.As(err, &pe) || pe.Context == nil || pe.Context.Selected() != nil {
		return "", nil
	}
	known = commandNames(parser)
	k := slices.IndexFunc(args, func(arg string) bool { return !strings.HasPrefix(arg, "-") })
	if k < 0 || slices.Contains(known, args[k]) {
		return "", nil
	}
	return args[k], known
}

// commandNames lists the commands.
func commandNames(parser *kong.Kong) (names []string) {
	for _, c := range parser.Model.Children {
		names = append(names, c.Name)
	}
	return names
}

// noSuch is the usage error for a word that is not one of those known.
func noSuch(what, word string, known []string) error {
	hint := ""
	if near := yamlconf.Nearest(word, known); near != "" {
		hint = fmt.Sprintf("did you mean %s? ", near)
	}
	return usagef("there is no %s %q; %sknown are %s", what, word, hint, strings.Join(known, ", "))
}

// description is what --help says first.
const description = `Experiments on spike-based alignment learning: run them, resume them, compare them.

A first step, ten seconds on two cores:

  spikealign examples quickstart > quickstart.yaml
  spikealign sweep quickstart.yaml`

// newParser returns the parser of the command line. It panics with an exit after --help and
// --version.
func newParser(cli *commands, known catalog.Entries, stdout, stderr io.Writer) *kong.Kong {
	parser, err := kong.New(cli,
		kong.Name("spikealign"),
		kong.Description(description),
		kong.Writers(stdout, stderr),
		kong.WithHyphenPrefixedParameters(true), // --w21 -0.4
		kong.Vars{"runs": defaultRuns, "kinds": strings.Join(known.Kinds().Names(), ", "), "version": versionLine()},
		kong.Exit(func(code int) { panic(exit(code)) }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true, WrapUpperBound: 100}),
	)
	if err != nil {
		panic("spikealign: " + err.Error())
	}
	return parser
}

type exit int

func usagef(format string, args ...any) error { return experiment.Usagef(format, args...) }

// report prints an error and returns its exit code.
func report(stderr io.Writer, err error) int {
	var problems yamlconf.Errors
	var stopped *experiment.Stopped
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &problems):
		fmt.Fprintln(stderr, problems)
		s := "s"
		if len(problems) == 1 {
			s = ""
		}
		fmt.Fprintf(stderr, "spikealign: %d problem%s in the configuration; nothing was run\n", len(problems), s)
		return exitUsage
	case errors.As(err, &stopped):
		fmt.Fprintln(stderr, "spikealign:", stopped)
		return exitStopped
	case errors.Is(err, errPaused):
		fmt.Fprintln(stderr, "spikealign:", err)
		return exitStopped
	case errors.Is(err, syscall.EPIPE) && strings.Contains(err.Error(), "/dev/stdout"): // | head
		return 128 + int(syscall.SIGPIPE)
	}
	fmt.Fprintln(stderr, "spikealign:", err)
	if errors.Is(err, experiment.ErrUsage) {
		return exitUsage
	}
	return exitFailed
}

// redirect is a writer whose target changes while a progress line is on the screen.
type redirect struct{ to io.Writer }

func (r *redirect) Write(p []byte) (int, error) { return r.to.Write(p) }

// terminal returns the width of the terminal behind w, and whether w is one that a line can be
// rewritten on.
func terminal(w io.Writer) (width func() int, ok bool) {
	f, isFile := w.(*os.File)
	if !isFile || !term.IsTerminal(int(f.Fd())) || strings.EqualFold(os.Getenv("TERM"), "dumb") {
		return nil, false
	}
	return func() int {
		n, _, err := term.GetSize(int(f.Fd()))
		if err != nil {
			return 0
		}
		return n
	}, true
}
