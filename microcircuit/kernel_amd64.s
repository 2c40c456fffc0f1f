#include "go_asm.h"
#include "textflag.h"

#define FOUR(name, bits) \
	DATA name<>+0(SB)/8, $bits; \
	DATA name<>+8(SB)/8, $bits; \
	DATA name<>+16(SB)/8, $bits; \
	DATA name<>+24(SB)/8, $bits; \
	GLOBL name<>(SB), RODATA|NOPTR, $32

// whole numbers of 32 bits
FOUR(nearFrom, 0x0000200000002000)  // 32 * 256
FOUR(nearLast, 0x00003fff00003fff)
FOUR(wholeFrom, 0x000002bc000002bc) // 700
FOUR(wholeLast, 0x000003ff000003ff)
FOUR(byte, 0x000000ff000000ff)
FOUR(restMask, 0x0fffffff0fffffff)
FOUR(restHalf, 0x0800000008000000)

// the places of the lower halves of whole numbers of 64 bits
DATA evens<>+0(SB)/8, $0x0000000200000000
DATA evens<>+8(SB)/8, $0x0000000600000004
DATA evens<>+16(SB)/8, $0x0000000200000000
DATA evens<>+24(SB)/8, $0x0000000600000004
GLOBL evens<>(SB), RODATA|NOPTR, $32

// floating point
FOUR(unit, 0x3db0000000000000)      // 2^-36
FOUR(twentyFourth, 0x3fa5555555555555)
FOUR(sixth, 0x3fc5555555555555)
FOUR(half, 0x3fe0000000000000)
FOUR(one, 0x3ff0000000000000)
FOUR(two52, 0x4330000000000000)     // 2^52
FOUR(two84, 0x4530000080000000)     // 2^84 + 2^63
FOUR(two8452, 0x4530000080100000)   // 2^84 + 2^63 + 2^52
FOUR(nearBound, 0x3f70000000000000) // 1/256
FOUR(absolute, 0x7fffffffffffffff)
FOUR(round52, 0x4338000000000000)   // 1.5 * 2^52: what is added to it is rounded to 1
FOUR(round84, 0x4538000000000000)   // 1.5 * 2^84: ... to 2^32

// DOUBLE rounds the whole numbers x to floating point: the halves are exact, their sum rounds.
#define DOUBLE(x, t) \
	VPSRLQ   $32, x, t             \
	VPXOR    two84<>(SB), t, t     \
	VSUBPD   two8452<>(SB), t, t   \
	VPBLENDD $0xaa, two52<>(SB), x, x \
	VADDPD   x, t, x

// WHOLE rounds x, of magnitude below 2^63, to whole numbers, halves to even ones: first what is
// above 2^32, then the rest.
#define WHOLE(x, t, s) \
	VADDPD round84<>(SB), x, t \
	VSUBPD round84<>(SB), t, s \
	VSUBPD s, x, x             \
	VPSUBQ round84<>(SB), t, t \
	VPSLLQ $32, t, t           \
	VADDPD round52<>(SB), x, x \
	VPSUBQ round52<>(SB), x, x \
	VPADDQ t, x, x

// ENTRIES loads four entries of the part of the table at offset to Yd, whose lower half is Xd. (The
// instruction for this is slower.)
#define ENTRIES(offset, index, Xd, Yd) \
	VMOVQ       index, R8                  \
	MOVL        R8, R15                    \
	SHRQ        $32, R8                    \
	VMOVSD      offset(R9)(R15*8), Xd      \
	VMOVHPD     offset(R9)(R8*8), Xd, Xd   \
	VPEXTRQ     $1, index, R8              \
	MOVL        R8, R15                    \
	SHRQ        $32, R8                    \
	VMOVSD      offset(R9)(R15*8), X5      \
	VMOVHPD     offset(R9)(R8*8), X5, X5   \
	VINSERTF128 $1, X5, Yd, Yd

// ODDS is oddsTable.at of Y0, to Y0. R9 is the table, Y13 evens. Those far away are left to FAR.
#define ODDS(far, join) \
	VPSRLQ      $28, Y0, Y3          \
	VPERMD      Y3, Y13, Y3          \
	VPADDD      nearFrom<>(SB), X3, X3 \
	VPMINUD     nearLast<>(SB), X3, X2 \
	VPCMPEQD    X2, X3, X2           \
	VMOVMSKPS   X2, R8               \
	CMPL        R8, $15              \
	JNE         far                  \
	ENTRIES(0, X3, X4, Y4)           \
join:                                \
	VPERMD      Y0, Y13, Y0          \
	VPAND       restMask<>(SB), X0, X0 \
	VPSUBD      restHalf<>(SB), X0, X0 \
	VCVTDQ2PD   X0, Y0               \
	VMULPD      unit<>(SB), Y0, Y0   \
	VMULPD      twentyFourth<>(SB), Y0, Y2 \
	VADDPD      sixth<>(SB), Y2, Y2  \
	VMULPD      Y0, Y2, Y2           \
	VADDPD      half<>(SB), Y2, Y2   \
	VMULPD      Y0, Y2, Y2           \
	VADDPD      one<>(SB), Y2, Y2    \
	VMULPD      Y0, Y2, Y2           \
	VMULPD      Y4, Y2, Y2           \
	VADDPD      Y4, Y2, Y0

// FAR finds the products of two entries of the table for Y0, to Y4.
#define FAR(join) \
	VPSRLQ     $28, Y0, Y3           \
	VPERMD     Y3, Y13, Y3           \
	VPSRLQ     $32, Y0, Y2           \
	VPERMD     Y2, Y13, Y2           \
	VPSRAD     $4, X2, X2            \
	VPADDD     wholeFrom<>(SB), X2, X2 \
	VPAND      byte<>(SB), X3, X3    \
	VPXOR      X5, X5, X5            \
	VPMAXSD    X5, X2, X2            \
	VPMINSD    wholeLast<>(SB), X2, X2 \
	ENTRIES(oddsTable_fraction, X3, X4, Y4) \
	ENTRIES(oddsTable_whole, X2, X1, Y1) \
	VMULPD     Y4, Y1, Y4            \
	JMP        join

// Four neurons at offset: their answers to the bits of AX at shift.
#define GROW(offset, shift) \
	VMOVUPD   offset(DI), Y0        \
	VMULPD    offset(SI), Y0, Y0    \
	VMOVUPD   Y0, offset(DI)        \
	VCMPPD    $0x1d, offset(DX), Y0, Y1 \ // not less
	VMOVMSKPD Y1, BX                \
	SHLL      $shift, BX            \
	ORL       BX, AX

// func growWide(r *race)
TEXT ·growWide(SB), NOSPLIT, $0-8
	MOVQ r+0(FP), AX
	MOVQ race_fired(AX), R8
	MOVQ race_product(AX), DI
	MOVQ race_product+8(AX), CX
	MOVQ race_growth(AX), SI
	MOVQ race_limit(AX), DX
	ADDQ $15, CX
	SHRQ $4, CX

sixteen:
	XORL AX, AX
	GROW(0, 0)
	GROW(32, 4)
	GROW(64, 8)
	GROW(96, 12)
	MOVW AX, (R8)
	ADDQ $2, R8
	ADDQ $128, DI
	ADDQ $128, SI
	ADDQ $128, DX
	DECQ CX
	JNZ  sixteen
	VZEROUPPER
	RET

// func spreadWide(r *reach, on bool)
TEXT ·spreadWide(SB), NOSPLIT, $0-9
	MOVQ    r+0(FP), AX
	MOVQ    reach_potentials(AX), DI
	MOVQ    reach_potentials+8(AX), CX
	MOVQ    reach_column(AX), SI
	LEAQ    (DI)(CX*8), DX // the end
	CMPB    on+8(FP), $0
	JEQ     off

plus:
	VMOVDQU (DI), Y0
	VPADDQ  (SI), Y0, Y0
	VMOVDQU Y0, (DI)
	ADDQ    $32, SI
	ADDQ    $32, DI
	CMPQ    DI, DX
	JLT     plus
	VZEROUPPER
	RET

off:
	VMOVDQU (DI), Y0
	VPSUBQ  (SI), Y0, Y0
	VMOVDQU Y0, (DI)
	ADDQ    $32, SI
	ADDQ    $32, DI
	CMPQ    DI, DX
	JLT     off
	VZEROUPPER
	RET

// func weighWide(dst, src []int64, factor float64)
TEXT ·weighWide(SB), NOSPLIT, $0-56
	MOVQ         dst_base+0(FP), DI
	MOVQ         dst_len+8(FP), CX
	MOVQ         src_base+24(FP), SI
	VBROADCASTSD factor+48(FP), Y3
	SUBQ         $4, CX
	XORQ         AX, AX

four:
	VMOVDQU (SI)(AX*8), Y0
	DOUBLE(Y0, Y1)
	VMULPD  Y3, Y0, Y0
	WHOLE(Y0, Y1, Y2)
	VMOVDQU Y0, (DI)(AX*8)
	ADDQ    $4, AX
	CMPQ    AX, CX
	JLE     four
	VZEROUPPER
	RET

// func refreshWide(y *population, table *oddsTable)
TEXT ·refreshWide(SB), NOSPLIT, $0-16
	MOVQ    y+0(FP), AX
	MOVQ    table+8(FP), R9
	MOVQ    population_u(AX), DI
	MOVQ    population_u+8(AX), CX
	MOVQ    population_bias(AX), SI
	MOVQ    population_basal(AX), DX
	MOVQ    population_extra(AX), BX
	MOVQ    population_silent(AX), R10
	MOVQ    population_odds(AX), R11
	MOVQ    population_growth(AX), R12
	VMOVDQU evens<>(SB), Y13
	SUBQ $4, CX
	XORQ AX, AX
	VMOVUPD one<>(SB), Y7
	VPXOR Y8, Y8, Y8

four:
	VMOVDQU   (SI)(AX*8), Y0
	VPADDQ    (DX)(AX*8), Y0, Y0
	VPADDQ    (BX)(AX*8), Y0, Y0
	VMOVDQU   Y0, (DI)(AX*8)
	ODDS(farOdds, odds)
	VPMOVZXBQ (R10)(AX*1), Y6
	VPCMPEQQ  Y8, Y6, Y6
	VMOVUPD   (R11)(AX*8), Y1
	VBLENDVPD Y6, Y0, Y1, Y1
	VMOVUPD   Y1, (R11)(AX*8)
	VADDPD    Y7, Y0, Y0
	VBLENDVPD Y6, Y0, Y7, Y0
	VMOVUPD   Y0, (R12)(AX*8)
	ADDQ      $4, AX
	CMPQ      AX, CX
	JLE       four
	VZEROUPPER
	RET

farOdds:
	FAR(odds)

// func expectWide(y *lesson, h *history, into float64, table *oddsTable)
TEXT ·expectWide(SB), NOSPLIT, $0-32
	MOVQ         y+0(FP), AX
	MOVQ         h+8(FP), BX
	MOVQ         table+24(FP), R9
	MOVQ         lesson_off(AX), CX
	MOVQ         history_ring(BX), DX
	LEAQ         (DX)(CX*8), DX
	MOVQ         history_row(BX), SI
	LEAQ         (DX)(SI*8), SI // sums
	MOVQ         history_oldest(BX), DI
	LEAQ         (DX)(DI*8), DX // of Window steps ago
	VBROADCASTSD history_share(BX), Y10
	VBROADCASTSD into+16(FP), Y11
	MOVQ         lesson_upper(AX), BX
	MOVQ         lesson_change(AX), DI
	MOVQ         lesson_change+8(AX), CX
	MOVQ         lesson_delta(AX), R10
	MOVQ         lesson_moment(AX), R11
	MOVQ         lesson_bias(AX), R12
	MOVQ         lesson_rates(AX), R13
	VMOVDQU      evens<>(SB), Y13
	VMOVUPD      one<>(SB), Y12
	SUBQ         $4, CX
	XORQ         AX, AX

four:
	VMOVDQU  (SI)(AX*8), Y0
	VPSUBQ   (DX)(AX*8), Y0, Y0
	DOUBLE(Y0, Y1)
	VMULPD   Y10, Y0, Y0
	WHOLE(Y0, Y1, Y2)
	VPADDQ   (R12)(AX*8), Y0, Y0
	LEAQ     (AX)(BX*1), R8 // place of the other part
	VMOVDQU  (SI)(R8*8), Y6
	VPSUBQ   (DX)(R8*8), Y6, Y6
	DOUBLE(Y6, Y1)
	VMULPD   Y10, Y6, Y6
	WHOLE(Y6, Y1, Y2)
	VPADDQ   Y0, Y6, Y6
	ODDS(farFree, free)
	VMOVAPD  Y0, Y7          // e
	VMOVDQA  Y6, Y0
	ODDS(farMore, more)      // f
	VSUBPD   Y7, Y0, Y1
	VADDPD   Y12, Y7, Y2
	VADDPD   Y12, Y0, Y3
	VMULPD   Y3, Y2, Y2
	VDIVPD   Y2, Y1, Y1
	VMULPD   (R13)(AX*8), Y1, Y1
	VROUNDPD $0, Y1, Y1
	VMOVUPD  Y1, (R10)(AX*8)
	VMULPD   Y11, Y1, Y2
	VMOVUPD  Y2, (R11)(AX*8)
	VADDPD   round52<>(SB), Y1, Y1
	VPSUBQ   round52<>(SB), Y1, Y1
	VMOVDQU  Y1, (DI)(AX*8)
	ADDQ     $4, AX
	CMPQ     AX, CX
	JLE      four
	VZEROUPPER
	RET

farFree:
	FAR(free)

farMore:
	FAR(more)

// func adaptWide(y *lesson, column int, active bool, bound int64) (beyond bool)
TEXT ·adaptWide(SB), NOSPLIT, $0-33
	MOVQ         y+0(FP), AX
	MOVQ         column+8(FP), BX
	VPBROADCASTQ bound+24(FP), Y3
	MOVQ         lesson_weights(AX), DI
	LEAQ         (DI)(BX*8), DI
	MOVQ         lesson_moments(AX), R8
	LEAQ         (R8)(BX*8), R8
	MOVQ         lesson_change(AX), SI
	MOVQ         lesson_change+8(AX), CX
	MOVQ         lesson_moment(AX), R9
	MOVQ         lesson_basal(AX), DX
	VPXOR        Y2, Y2, Y2            // what is beyond
	VPSUBQ       Y3, Y2, Y4
	MOVBLZX      active+16(FP), BX
	NEGQ         BX
	VMOVQ        BX, X5
	VPBROADCASTQ X5, Y5                // all ones if active
	XORQ         AX, AX

four:
	VMOVDQU  (SI)(AX*8), Y6
	VPADDQ   (DI)(AX*8), Y6, Y0
	VMOVDQU  Y0, (DI)(AX*8)
	VPCMPGTQ Y3, Y0, Y1
	VPCMPGTQ Y0, Y4, Y0
	VPOR     Y1, Y0, Y0
	VPOR     Y0, Y2, Y2
	VPANDN   (R9)(AX*8), Y0, Y0
	VADDPD   (R8)(AX*8), Y0, Y0
	VMOVUPD  Y0, (R8)(AX*8)
	VPAND    Y5, Y6, Y6
	VPADDQ   (DX)(AX*8), Y6, Y6
	VMOVDQU  Y6, (DX)(AX*8)
	ADDQ     $4, AX
	CMPQ     AX, CX
	JLT      four
	VPTEST   Y2, Y2
	SETNE    beyond+32(FP)
	VZEROUPPER
	RET

// func accumulateWide(h *history, o *nudge, nudged bool) (far bool)
TEXT ·accumulateWide(SB), NOSPLIT, $0-25
	MOVQ h+0(FP), AX
	MOVQ history_drive(AX), DI
	MOVQ history_drive+8(AX), CX
	MOVQ history_ring(AX), BX
	MOVQ history_row(AX), R12
	LEAQ (BX)(R12*8), R12        // last row
	MOVQ history_oldest(AX), DX
	MOVQ DX, history_row(AX)
	LEAQ (BX)(DX*8), R11         // present row
	ADDQ CX, DX
	XORL SI, SI
	CMPQ DX, history_ring+8(AX)
	CMOVQEQ SI, DX
	MOVQ DX, history_oldest(AX)
	LEAQ (BX)(DX*8), BX          // that of Window steps ago
	LEAQ (BX)(CX*8), R8          // and the next one, to have it in the cache by then
	XORQ DX, DX

row:
	PREFETCHT0 (R8)(DX*8)
	VMOVDQU    (DI)(DX*8), Y0
	VMOVDQU    32(DI)(DX*8), Y1
	VPADDQ     (R12)(DX*8), Y0, Y0
	VPADDQ     32(R12)(DX*8), Y1, Y1
	VMOVDQU    Y0, (R11)(DX*8)
	VMOVDQU    Y1, 32(R11)(DX*8)
	ADDQ       $8, DX
	CMPQ       DX, CX
	JLT        row
	CMPB    nudged+16(FP), $0
	JEQ     resting

	MOVQ         o+8(FP), R13
	VBROADCASTSD history_share(AX), Y11
	VBROADCASTSD nudge_strength(R13), Y10
	MOVQ         nudge_off(R13), DX
	LEAQ         (BX)(DX*8), BX   // basal sums of Window steps ago
	MOVQ         nudge_aims(R13), DI
	MOVQ         nudge_aims+8(R13), CX
	MOVQ         nudge_population+population_extra(R13), SI
	MOVQ         nudge_population+population_silent(R13), R8
	MOVQ         nudge_population+population_odds(R13), R9
	MOVQ         nudge_population+population_growth(R13), R10
	MOVQ         nudge_at(R13), AX
	LEAQ         (R12)(AX*8), R12          // last sums of the nudge
	LEAQ         (R11)(AX*8), AX           // present ones
	LEAQ         (R11)(DX*8), R11          // present basal sums
	MOVQ         nudge_population+population_u(R13), DX
	XCHGQ        R11, R13
	MOVQ         AX, R11
	VPXOR        Y8, Y8, Y8 // zero
	VPXOR        Y9, Y9, Y9 // who moved far
	XORQ         AX, AX

four:
	VMOVDQU   (R13)(AX*8), Y0
	VPSUBQ    (BX)(AX*8), Y0, Y0
	DOUBLE(Y0, Y1)
	VMULPD    Y11, Y0, Y0
	VMOVUPD   (DI)(AX*8), Y1
	VSUBPD    Y0, Y1, Y0
	VMULPD    Y10, Y0, Y0
	VROUNDPD  $3, Y0, Y0
	WHOLE(Y0, Y1, Y2)
	VPSUBQ    (SI)(AX*8), Y0, Y4 // d
	VMOVDQU   Y0, (SI)(AX*8)
	VPADDQ    (R12)(AX*8), Y0, Y0
	VMOVDQU   Y0, (R11)(AX*8)
	VPADDQ    (DX)(AX*8), Y4, Y0
	VMOVDQU   Y0, (DX)(AX*8)
	DOUBLE(Y4, Y1)
	VMULPD    unit<>(SB), Y4, Y4 // x
	VPMOVZXBQ (R8)(AX*1), Y6
	VPCMPEQQ  Y8, Y6, Y6         // not silent
	VANDPD    absolute<>(SB), Y4, Y3
	VCMPPD    $0x15, nearBound<>(SB), Y3, Y3 // not less
	VANDPD    Y6, Y3, Y5
	VORPD     Y5, Y9, Y9
	VANDNPD   Y6, Y3, Y6         // not silent and near
	VMULPD    twentyFourth<>(SB), Y4, Y2
	VADDPD    sixth<>(SB), Y2, Y2
	VMULPD    Y4, Y2, Y2
	VADDPD    half<>(SB), Y2, Y2
	VMULPD    Y4, Y2, Y2
	VADDPD    one<>(SB), Y2, Y2
	VMULPD    Y4, Y2, Y2
	VMOVUPD   (R9)(AX*8), Y1
	VMULPD    Y1, Y2, Y2
	VADDPD    Y1, Y2, Y2
	VBLENDVPD Y6, Y2, Y1, Y1
	VMOVUPD   Y1, (R9)(AX*8)
	VADDPD    one<>(SB), Y2, Y2
	VMOVUPD   (R10)(AX*8), Y1
	VBLENDVPD Y6, Y2, Y1, Y1
	VMOVUPD   Y1, (R10)(AX*8)
	ADDQ      $4, AX
	CMPQ      AX, CX
	JLT       four
	VPTEST    Y9, Y9
	SETNE     far+24(FP)
	VZEROUPPER
	RET

resting:
	MOVB $0, far+24(FP)
	VZEROUPPER
	RET
