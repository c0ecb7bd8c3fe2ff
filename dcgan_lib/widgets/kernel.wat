;; One quarter of a transposed convolution (kernel 4, stride 2, padding 1), with its bias and its ReLU.
;;
;; The output pixels (2i + a, 2j + c) of one pair of parities (a, c) are a 2x2 convolution of the input: four taps, each at
;; its own offset. The input has a border of zeros, so that no tap asks whether it is inside. Pixels are stored whole, all
;; channels of one after the other. Weights come as [block of 8 output channels][tap][input channel][8].
;;
;; The innermost loop takes one input channel of four neighbouring pixels (four splats) times eight output channels (two
;; vectors), into eight accumulators: sixteen multiplications and additions on two loads of weights.
(module
  (import "page" "memory" (memory 1))
  (func (export "quarter")
    ;; addresses in bytes: the input at the first tap of pixel (0, 0), the weights, the biases, the output of pixel (0, 0)
    (param $in i32) (param $weights i32) (param $bias i32) (param $out i32)
    (param $rows i32) (param $columns i32) (param $channels i32) ;; of the input; columns divide by four
    (param $tap1 i32) (param $tap2 i32) (param $tap3 i32) ;; bytes from tap 0 to the others
    (param $in_row i32) (param $out_row i32) (param $out_pixel i32) ;; bytes from one to the next
    (param $blocks i32) (param $floor f32) ;; blocks of 8 output channels; no output below: 0 is a ReLU
    (local $i i32) (local $j i32) (local $tap i32) (local $channel i32) (local $pixel i32)
    (local $row i32) (local $four i32) (local $x i32) (local $w i32) (local $to_row i32) (local $to i32)
    (local $w0 v128) (local $w1 v128) (local $v v128) (local $least v128)
    (local $a0 v128) (local $b0 v128) (local $a1 v128) (local $b1 v128)
    (local $a2 v128) (local $b2 v128) (local $a3 v128) (local $b3 v128)
    (local.set $pixel (i32.shl (local.get $channels) (i32.const 2)))
    (local.set $least (f32x4.splat (local.get $floor)))
    (loop $next_block
      (local.set $i (i32.const 0))
      (local.set $row (local.get $in))
      (local.set $to_row (local.get $out))
      (loop $next_row
        (local.set $j (i32.const 0))
        (local.set $four (local.get $row))
        (local.set $to (local.get $to_row))
        (loop $next_four
          (local.set $a0 (v128.load (local.get $bias)))
          (local.set $b0 (v128.load offset=16 (local.get $bias)))
          (local.set $a1 (local.get $a0)) (local.set $b1 (local.get $b0))
          (local.set $a2 (local.get $a0)) (local.set $b2 (local.get $b0))
          (local.set $a3 (local.get $a0)) (local.set $b3 (local.get $b0))
          (local.set $tap (i32.const 0))
          (local.set $w (local.get $weights))
          (loop $next_tap
            (local.set $x (local.get $four))
            (if (i32.eq (local.get $tap) (i32.const 1))
              (then (local.set $x (i32.add (local.get $four) (local.get $tap1)))))
            (if (i32.eq (local.get $tap) (i32.const 2))
              (then (local.set $x (i32.add (local.get $four) (local.get $tap2)))))
            (if (i32.eq (local.get $tap) (i32.const 3))
              (then (local.set $x (i32.add (local.get $four) (local.get $tap3)))))
            (local.set $channel (local.get $channels))
            (loop $next_channel
              (local.set $w0 (v128.load (local.get $w)))
              (local.set $w1 (v128.load offset=16 (local.get $w)))
              (local.set $v (v128.load32_splat (local.get $x)))
              (local.set $a0 (f32x4.add (local.get $a0) (f32x4.mul (local.get $v) (local.get $w0))))
              (local.set $b0 (f32x4.add (local.get $b0) (f32x4.mul (local.get $v) (local.get $w1))))
              (local.set $v (v128.load32_splat (i32.add (local.get $x) (local.get $pixel))))
              (local.set $a1 (f32x4.add (local.get $a1) (f32x4.mul (local.get $v) (local.get $w0))))
              (local.set $b1 (f32x4.add (local.get $b1) (f32x4.mul (local.get $v) (local.get $w1))))
              (local.set $v (v128.load32_splat (i32.add (local.get $x) (i32.shl (local.get $pixel) (i32.const 1)))))
              (local.set $a2 (f32x4.add (local.get $a2) (f32x4.mul (local.get $v) (local.get $w0))))
              (local.set $b2 (f32x4.add (local.get $b2) (f32x4.mul (local.get $v) (local.get $w1))))
              (local.set $v (v128.load32_splat (i32.add (local.get $x) (i32.mul (local.get $pixel) (i32.const 3)))))
              (local.set $a3 (f32x4.add (local.get $a3) (f32x4.mul (local.get $v) (local.get $w0))))
              (local.set $b3 (f32x4.add (local.get $b3) (f32x4.mul (local.get $v) (local.get $w1))))
              (local.set $x (i32.add (local.get $x) (i32.const 4)))
              (local.set $w (i32.add (local.get $w) (i32.const 32)))
              (br_if $next_channel (local.tee $channel (i32.sub (local.get $channel) (i32.const 1)))))
            (br_if $next_tap (i32.lt_u (local.tee $tap (i32.add (local.get $tap) (i32.const 1))) (i32.const 4))))
          (v128.store (local.get $to) (f32x4.max (local.get $a0) (local.get $least)))
          (v128.store offset=16 (local.get $to) (f32x4.max (local.get $b0) (local.get $least)))
          (local.set $to (i32.add (local.get $to) (local.get $out_pixel)))
          (v128.store (local.get $to) (f32x4.max (local.get $a1) (local.get $least)))
          (v128.store offset=16 (local.get $to) (f32x4.max (local.get $b1) (local.get $least)))
          (local.set $to (i32.add (local.get $to) (local.get $out_pixel)))
          (v128.store (local.get $to) (f32x4.max (local.get $a2) (local.get $least)))
          (v128.store offset=16 (local.get $to) (f32x4.max (local.get $b2) (local.get $least)))
          (local.set $to (i32.add (local.get $to) (local.get $out_pixel)))
          (v128.store (local.get $to) (f32x4.max (local.get $a3) (local.get $least)))
          (v128.store offset=16 (local.get $to) (f32x4.max (local.get $b3) (local.get $least)))
          (local.set $to (i32.add (local.get $to) (local.get $out_pixel)))
          (local.set $four (i32.add (local.get $four) (i32.shl (local.get $pixel) (i32.const 2))))
          (br_if $next_four
            (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 4))) (local.get $columns))))
        (local.set $row (i32.add (local.get $row) (local.get $in_row)))
        (local.set $to_row (i32.add (local.get $to_row) (local.get $out_row)))
        (br_if $next_row (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $rows))))
      (local.set $weights (i32.add (local.get $weights) (i32.shl (local.get $channels) (i32.const 7))))
      (local.set $bias (i32.add (local.get $bias) (i32.const 32)))
      (local.set $out (i32.add (local.get $out) (i32.const 32)))
      (br_if $next_block (local.tee $blocks (i32.sub (local.get $blocks) (i32.const 1)))))))
