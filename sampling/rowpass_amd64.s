#include "textflag.h"

// func addRowAVX2(u, w *int64, n int)
// n is a positive multiple of 8.
TEXT ·addRowAVX2(SB), NOSPLIT, $0-24
	MOVQ u+0(FP), DI
	MOVQ w+8(FP), SI
	MOVQ n+16(FP), CX
	XORQ AX, AX

add:
	VMOVDQU (DI)(AX*8), Y0
	VMOVDQU 32(DI)(AX*8), Y1
	VPADDQ  (SI)(AX*8), Y0, Y0
	VPADDQ  32(SI)(AX*8), Y1, Y1
	VMOVDQU Y0, (DI)(AX*8)
	VMOVDQU Y1, 32(DI)(AX*8)
	ADDQ    $8, AX
	CMPQ    AX, CX
	JLT     add
	VZEROUPPER
	RET

// func subRowAVX2(u, w *int64, n int)
// n is a positive multiple of 8.
TEXT ·subRowAVX2(SB), NOSPLIT, $0-24
	MOVQ u+0(FP), DI
	MOVQ w+8(FP), SI
	MOVQ n+16(FP), CX
	XORQ AX, AX

sub:
	VMOVDQU (DI)(AX*8), Y0
	VMOVDQU 32(DI)(AX*8), Y1
	VPSUBQ  (SI)(AX*8), Y0, Y0
	VPSUBQ  32(SI)(AX*8), Y1, Y1
	VMOVDQU Y0, (DI)(AX*8)
	VMOVDQU Y1, 32(DI)(AX*8)
	ADDQ    $8, AX
	CMPQ    AX, CX
	JLT     sub
	VZEROUPPER
	RET

// func addRowsAVX2(u, w *int64, n int, plus *int, pluses int, minus *int, minuses int)
// n is a multiple of 8. Blocks of 32 numbers of u stay in registers while the rows' parts are added; then blocks of 8.
TEXT ·addRowsAVX2(SB), NOSPLIT, $0-56
	MOVQ u+0(FP), DI
	MOVQ w+8(FP), SI
	MOVQ n+16(FP), CX
	MOVQ plus+24(FP), R8
	MOVQ pluses+32(FP), R9
	MOVQ minus+40(FP), R10
	MOVQ minuses+48(FP), R11
	SHLQ $3, CX
	XORQ AX, AX

wide:
	LEAQ 256(AX), BX
	CMPQ BX, CX
	JGT  narrow

wideblock:
	VMOVDQU (DI)(AX*1), Y0
	VMOVDQU 32(DI)(AX*1), Y1
	VMOVDQU 64(DI)(AX*1), Y2
	VMOVDQU 96(DI)(AX*1), Y3
	VMOVDQU 128(DI)(AX*1), Y4
	VMOVDQU 160(DI)(AX*1), Y5
	VMOVDQU 192(DI)(AX*1), Y6
	VMOVDQU 224(DI)(AX*1), Y7
	XORQ    DX, DX

wideblockplus:
	CMPQ DX, R9
	JGE  wideblockplussed
	MOVQ (R8)(DX*8), BX
	LEAQ (SI)(BX*8), BX
	VPADDQ (BX)(AX*1), Y0, Y0
	VPADDQ 32(BX)(AX*1), Y1, Y1
	VPADDQ 64(BX)(AX*1), Y2, Y2
	VPADDQ 96(BX)(AX*1), Y3, Y3
	VPADDQ 128(BX)(AX*1), Y4, Y4
	VPADDQ 160(BX)(AX*1), Y5, Y5
	VPADDQ 192(BX)(AX*1), Y6, Y6
	VPADDQ 224(BX)(AX*1), Y7, Y7
	INCQ DX
	JMP  wideblockplus

wideblockplussed:
	XORQ DX, DX

wideblockminus:
	CMPQ DX, R11
	JGE  wideblockdone
	MOVQ (R10)(DX*8), BX
	LEAQ (SI)(BX*8), BX
	VPSUBQ (BX)(AX*1), Y0, Y0
	VPSUBQ 32(BX)(AX*1), Y1, Y1
	VPSUBQ 64(BX)(AX*1), Y2, Y2
	VPSUBQ 96(BX)(AX*1), Y3, Y3
	VPSUBQ 128(BX)(AX*1), Y4, Y4
	VPSUBQ 160(BX)(AX*1), Y5, Y5
	VPSUBQ 192(BX)(AX*1), Y6, Y6
	VPSUBQ 224(BX)(AX*1), Y7, Y7
	INCQ DX
	JMP  wideblockminus

wideblockdone:
	VMOVDQU Y0, (DI)(AX*1)
	VMOVDQU Y1, 32(DI)(AX*1)
	VMOVDQU Y2, 64(DI)(AX*1)
	VMOVDQU Y3, 96(DI)(AX*1)
	VMOVDQU Y4, 128(DI)(AX*1)
	VMOVDQU Y5, 160(DI)(AX*1)
	VMOVDQU Y6, 192(DI)(AX*1)
	VMOVDQU Y7, 224(DI)(AX*1)
	ADDQ    $256, AX
	JMP     wide

narrow:
	CMPQ AX, CX
	JGE  end

narrowblock:
	VMOVDQU (DI)(AX*1), Y0
	VMOVDQU 32(DI)(AX*1), Y1
	XORQ    DX, DX

narrowblockplus:
	CMPQ DX, R9
	JGE  narrowblockplussed
	MOVQ (R8)(DX*8), BX
	LEAQ (SI)(BX*8), BX
	VPADDQ (BX)(AX*1), Y0, Y0
	VPADDQ 32(BX)(AX*1), Y1, Y1
	INCQ DX
	JMP  narrowblockplus

narrowblockplussed:
	XORQ DX, DX

narrowblockminus:
	CMPQ DX, R11
	JGE  narrowblockdone
	MOVQ (R10)(DX*8), BX
	LEAQ (SI)(BX*8), BX
	VPSUBQ (BX)(AX*1), Y0, Y0
	VPSUBQ 32(BX)(AX*1), Y1, Y1
	INCQ DX
	JMP  narrowblockminus

narrowblockdone:
	VMOVDQU Y0, (DI)(AX*1)
	VMOVDQU Y1, 32(DI)(AX*1)
	ADDQ    $64, AX
	JMP     narrow

end:
	VZEROUPPER
	RET

// func sumLanesAVX2(sums *float64, level, ceil *int64, rows int, shift uint64, bend int64)
// rows is positive.
//
// Minima of non-negative integers are taken as those of the floating-point numbers with the same bits, which have the same order.
TEXT ·sumLanesAVX2(SB), NOSPLIT, $0-48
	MOVQ         sums+0(FP), DI
	MOVQ         level+8(FP), SI
	MOVQ         ceil+16(FP), DX
	MOVQ         rows+24(FP), CX
	MOVQ         shift+32(FP), AX
	VMOVQ        AX, X14
	VPBROADCASTQ bend+40(FP), Y13
	VPXOR        Y15, Y15, Y15

block:
	VPXOR   Y8, Y8, Y8
	VPXOR   Y9, Y9, Y9
	MOVQ    $16, BX
	CMPQ    CX, BX
	CMOVQLT CX, BX
	SUBQ    BX, CX

row:
	VMOVDQU  (SI), Y0
	VMOVDQU  32(SI), Y1
	VPCMPGTQ Y15, Y0, Y2
	VPCMPGTQ Y15, Y1, Y3
	VPAND    Y2, Y0, Y0
	VPAND    Y3, Y1, Y1
	VMINPD   (DX), Y0, Y0
	VMINPD   32(DX), Y1, Y1
	VPSLLQ   X14, Y0, Y0
	VPSLLQ   X14, Y1, Y1
	VPSRLQ   $3, Y0, Y2
	VPSRLQ   $3, Y1, Y3
	VPADDQ   Y13, Y2, Y2
	VPADDQ   Y13, Y3, Y3
	VMINPD   Y2, Y0, Y0
	VMINPD   Y3, Y1, Y1
	VADDPD   Y0, Y8, Y8
	VADDPD   Y1, Y9, Y9
	ADDQ     $64, SI
	ADDQ     $64, DX
	DECQ     BX
	JNZ      row

	VMOVUPD Y8, (DI)
	VMOVUPD Y9, 32(DI)
	ADDQ    $64, DI
	TESTQ   CX, CX
	JNZ     block
	VZEROUPPER
	RET

// func prefetch(post *int32, weights *int64, n int)
// n is positive.
TEXT ·prefetch(SB), NOSPLIT, $0-24
	MOVQ post+0(FP), SI
	MOVQ weights+8(FP), DI
	MOVQ n+16(FP), CX

line:
	PREFETCHT0 (SI)
	PREFETCHT0 (DI)
	PREFETCHT0 64(DI)
	ADDQ       $64, SI
	ADDQ       $128, DI
	SUBQ       $16, CX
	JGT        line
	RET
