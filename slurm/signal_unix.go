//go:build unix

package slurm

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// untilSignal returns a context that ends with errLimit when Slurm's signal before the time limit
// comes.
func untilSignal(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	limit := make(chan os.Signal, 1)
	signal.Notify(limit, syscall.SIGUSR1)
	go func() {
		select {
		case <-limit:
			cancel(errLimit)
		case <-ctx.Done():
		}
	}()
	return ctx, func() { // a second signal finds a reader still
		cancel(nil)
	}
}
