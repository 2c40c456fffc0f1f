//go:build !unix

package slurm

import "context"

// untilSignal returns ctx: there is no Slurm on this system.
func untilSignal(ctx context.Context) (context.Context, func()) { return ctx, func() {} }
