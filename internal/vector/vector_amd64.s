#include "textflag.h"

// DO for each eighth of a tile of 64 whole numbers, which is at a place and in Y0 .. Y7.
#define TILE(DO, at) \
	DO(0(at), Y0)   \
	DO(32(at), Y1)  \
	DO(64(at), Y2)  \
	DO(96(at), Y3)  \
	DO(128(at), Y4) \
	DO(160(at), Y5) \
	DO(192(at), Y6) \
	DO(224(at), Y7)

#define LOAD(place, y) VMOVDQU place, y
#define SAVE(place, y) VMOVDQU y, place
#define PLUS(place, y) VPADDD place, y, y
#define MINUS(place, y) VPSUBD place, y, y

// DO for row AX of the tiles from SI on.
#define ROW(DO) \
	SHLQ $8, AX  \
	ADDQ SI, AX  \
	TILE(DO, AX)

// func addTileAVX2(u, w, plus *int32, pluses int, minus *int32, minuses int)
// The tile stays in registers while the rows are added and taken away.
TEXT ·addTileAVX2(SB), NOSPLIT, $0-48
	MOVQ  u+0(FP), DI
	MOVQ  w+8(FP), SI
	MOVQ  plus+16(FP), R8
	MOVQ  pluses+24(FP), CX
	MOVQ  minus+32(FP), R9
	MOVQ  minuses+40(FP), DX
	TILE(LOAD, DI)
	TESTQ CX, CX
	JEQ   minuses

plus:
	MOVLQSX (R8), AX
	ROW(PLUS)
	ADDQ    $4, R8
	DECQ    CX
	JNZ     plus

minuses:
	TESTQ DX, DX
	JEQ   done

minus:
	MOVLQSX (R9), AX
	ROW(MINUS)
	ADDQ    $4, R9
	DECQ    DX
	JNZ     minus

done:
	TILE(SAVE, DI)
	VZEROUPPER
	RET

// func sumRowsAVX2(sums, trace, first, times *int32, rows int)
// rows is positive.
TEXT ·sumRowsAVX2(SB), NOSPLIT, $0-40
	MOVQ sums+0(FP), DI
	MOVQ trace+8(FP), SI
	MOVQ first+16(FP), R8
	MOVQ times+24(FP), R9
	MOVQ rows+32(FP), CX

row:
	MOVLQSX (R8), R10
	MOVLQSX 4(R8), R11
	CMPQ    R10, R11
	JGE     next
	TILE(LOAD, DI)

spike:
	MOVLQSX (R9)(R10*4), AX
	ROW(PLUS)
	INCQ    R10
	CMPQ    R10, R11
	JLT     spike
	TILE(SAVE, DI)

next:
	ADDQ $256, DI
	ADDQ $4, R8
	DECQ CX
	JNZ  row
	VZEROUPPER
	RET

// One step of Horner's rule: the series in Y2 times its argument in Y0, and the next coefficient.
#define HORNER(coefficient) \
	VMULPS Y0, Y2, Y2          \
	VADDPS coefficient, Y2, Y2

// Eight neurons: u from (SI), random words from (DX), the answer to eight bits of AX, shifted to
// their place and joined to R8.
#define EIGHT(offset, shift) \
	VCVTDQ2PS offset(SI), Y0      \
	VMULPS    Y15, Y0, Y0         \ // x, the exponent of 2
	VMAXPS    Y13, Y0, Y0         \
	VMINPS    Y14, Y0, Y0         \
	VCVTPS2DQ Y0, Y1              \ // its whole part
	VCVTDQ2PS Y1, Y2              \
	VSUBPS    Y2, Y0, Y0          \
	VPSLLD    $23, Y1, Y1         \
	VMULPS    Y7, Y0, Y2          \ // the series
	VADDPS    Y8, Y2, Y2          \
	HORNER(Y9)                    \
	HORNER(Y10)                   \
	HORNER(Y11)                   \
	HORNER(Y12)                   \
	HORNER(Y6)                    \
	VPADDD    Y1, Y2, Y2          \
	VMULPS    Y5, Y2, Y2          \ // odds
	VADDPS    Y6, Y2, Y2          \
	VMOVDQU   offset(DX), Y3      \
	VPSRLD    $1, Y3, Y3          \
	VCVTDQ2PS Y3, Y3              \
	VADDPS    Y4, Y3, Y3          \
	VMULPS    Y2, Y3, Y3          \
	VCMPPS    $0x11, (R9), Y3, Y3 \ // less
	VMOVMSKPS Y3, AX              \
	SHLL      $shift, AX          \
	ORL       AX, R8

// func decideAVX2(fired *uint32, u *int32, words *uint32, blocks int, tau float32, constants *float32)
// blocks is positive.
TEXT ·decideAVX2(SB), NOSPLIT, $32-48
	MOVQ         fired+0(FP), DI
	MOVQ         u+8(FP), SI
	MOVQ         words+16(FP), DX
	MOVQ         blocks+24(FP), CX
	MOVQ         constants+40(FP), BX
	MOVQ         SP, R9
	VBROADCASTSS tau+32(FP), Y5
	VBROADCASTSS 44(BX), Y0
	VMOVUPS      Y0, (R9)
	VBROADCASTSS (BX), Y15
	VBROADCASTSS 4(BX), Y14
	VBROADCASTSS 8(BX), Y13
	VBROADCASTSS 12(BX), Y12
	VBROADCASTSS 16(BX), Y11
	VBROADCASTSS 20(BX), Y10
	VBROADCASTSS 24(BX), Y9
	VBROADCASTSS 28(BX), Y8
	VBROADCASTSS 32(BX), Y7
	VBROADCASTSS 36(BX), Y6
	VBROADCASTSS 40(BX), Y4

block:
	XORL R8, R8
	EIGHT(0, 0)
	EIGHT(32, 8)
	EIGHT(64, 16)
	EIGHT(96, 24)
	MOVL R8, (DI)
	ADDQ $4, DI
	ADDQ $128, SI
	ADDQ $128, DX
	DECQ CX
	JNZ  block
	VZEROUPPER
	RET

// func filterStepAVX2(u, in *int32, x, y *float32, bias *int32, n int, decay, amplitude float32)
// n is a positive multiple of 8.
TEXT ·filterStepAVX2(SB), NOSPLIT, $0-56
	MOVQ         u+0(FP), DI
	MOVQ         in+8(FP), SI
	MOVQ         x+16(FP), R8
	MOVQ         y+24(FP), R9
	MOVQ         bias+32(FP), R10
	MOVQ         n+40(FP), CX
	VBROADCASTSS decay+48(FP), Y6
	VBROADCASTSS amplitude+52(FP), Y7
	VPXOR        Y5, Y5, Y5
	XORQ         AX, AX

eight:
	VCVTDQ2PS (SI)(AX*4), Y0
	VADDPS    (R8)(AX*4), Y0, Y0
	VMULPS    Y6, Y0, Y0
	VMOVUPS   Y0, (R8)(AX*4)
	VMULPS    (R9)(AX*4), Y6, Y1
	VADDPS    Y0, Y1, Y1
	VMOVUPS   Y1, (R9)(AX*4)
	VMULPS    Y7, Y1, Y1
	VCVTPS2DQ Y1, Y1
	VPADDD    (R10)(AX*4), Y1, Y1
	VMOVDQU   Y1, (DI)(AX*4)
	VMOVDQU   Y5, (SI)(AX*4)
	ADDQ      $8, AX
	CMPQ      AX, CX
	JLT       eight
	VZEROUPPER
	RET

// DO for each of the six rows of a block: where its place is in a table, a pointer into A, and the
// sums of its sixteen columns, eight in each register.
#define ROWS(DO) \
	DO(0, R8, Y0, Y1)    \
	DO(8, R9, Y2, Y3)    \
	DO(16, R10, Y4, Y5)  \
	DO(24, R11, Y6, Y7)  \
	DO(32, R12, Y8, Y9)  \
	DO(40, R13, Y10, Y11)

#define BEGIN(offset, row, low, high) \
	MOVQ   offset(BX), row     \
	LEAQ   (SI)(row*4), row    \
	VXORPS low, low, low       \
	VXORPS high, high, high

#define TERM(offset, row, low, high) \
	VBROADCASTSS (row)(AX*4), Y15 \
	VMULPS       Y12, Y15, Y14    \
	VMULPS       Y13, Y15, Y15    \
	VADDPS       Y14, low, low    \
	VADDPS       Y15, high, high

#define ADDOLD(offset, row, low, high) \
	MOVQ   offset(BX), AX             \
	VADDPS (DI)(AX*4), low, low       \
	VADDPS 32(DI)(AX*4), high, high

#define STORE(offset, row, low, high) \
	MOVQ    offset(BX), AX            \
	VMOVUPS low, (DI)(AX*4)           \
	VMOVUPS high, 32(DI)(AX*4)

// func productAVX2(c *float32, cAt *int, blocks int, a *float32, aAt, terms *int, count int, b *float32, add int)
// blocks and count are positive.
TEXT ·productAVX2(SB), NOSPLIT, $0-72
	MOVQ c+0(FP), DI

block:
	MOVQ a+24(FP), SI
	MOVQ aAt+32(FP), BX
	ROWS(BEGIN)
	ADDQ $48, BX
	MOVQ BX, aAt+32(FP)
	MOVQ count+48(FP), CX
	MOVQ terms+40(FP), SI
	LEAQ (SI)(CX*8), SI
	NEGQ CX
	MOVQ b+56(FP), DX

term:
	MOVQ    (SI)(CX*8), AX
	VMOVUPS (DX), Y12
	VMOVUPS 32(DX), Y13
	ADDQ    $64, DX
	ROWS(TERM)
	INCQ    CX
	JNZ     term
	MOVQ    cAt+8(FP), BX
	CMPQ    add+64(FP), $0
	JEQ     store
	ROWS(ADDOLD)

store:
	ROWS(STORE)
	ADDQ $48, BX
	MOVQ BX, cAt+8(FP)
	DECQ blocks+16(FP)
	JNZ  block
	VZEROUPPER
	RET
