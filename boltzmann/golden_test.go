package boltzmann

// The bits of TestGolden. They must not change.
const (
	goldenLogZ  = 0x1.7d0ab48ca17a8p+02
	goldenP     = 0x1.bc67910315dffp-08
	goldenMean  = 0x1.92bc05cfb92c6p-01
	goldenCo    = 0x1.7262a764375d6p-03
	goldenKL    = 0x1.57b14356510a7p+01
	goldenFloor = 0x1.00ddfb0ddcf51p-05
)

var goldenCounts = []int64{951, 486, 370, 202, 447, 198, 98, 48}
