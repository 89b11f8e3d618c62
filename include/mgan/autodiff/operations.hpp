#pragma once
/// \file
/// All operations of the tape under one include.
///
///     arithmetic.hpp    + - * / pow max of two matrices, with broadcasting
///     nonlinear.hpp     exp log sqrt pow abs sigmoid tanh relu softplus sin cos
///     matmul.hpp        matmul
///     reductions.hpp    sum mean row_sums column_sums max softmax
///     shaping.hpp       transpose reshape concat_* slice_* gather_* repeat_rows stop_gradient
///     convolution.hpp   conv2d
///     custom.hpp        operations of your own

#include <mgan/autodiff/arithmetic.hpp>
#include <mgan/autodiff/convolution.hpp>
#include <mgan/autodiff/custom.hpp>
#include <mgan/autodiff/matmul.hpp>
#include <mgan/autodiff/nonlinear.hpp>
#include <mgan/autodiff/reductions.hpp>
#include <mgan/autodiff/shaping.hpp>
#include <mgan/autodiff/tape.hpp>
