#pragma once
/// \file
/// All operations of the tape under one include. docs/autodiff.md has a table of PyTorch's names.
///
///     arithmetic.hpp       + - * / pow max of two matrices, with broadcasting
///     nonlinear.hpp        exp log sqrt pow abs sigmoid tanh relu softplus sin cos
///     activations.hpp      silu gelu leaky_relu elu erf atan atan2 log1p reciprocal
///     selection.hpp        min clip where column_max column_argmax dropout
///     matmul.hpp           matmul matmul_blocks
///     reductions.hpp       sum mean row_* column_* max min softmax
///     normalising.hpp      norm column_norms normalise_columns layer_norm
///     classification.hpp   log_sum_exp log_softmax cross_entropy binary_cross_entropy_with_logits
///     shaping.hpp          transpose reshape concat_* slice_* gather_* repeat_rows stop_gradient
///     arranging.hpp        split_* stack pad flip_* broadcast_to embedding cumulative_sum_*
///     convolution.hpp      conv2d
///     pooling.hpp          max_pool2d mean_pool2d
///     custom.hpp           operations of your own

#include <mgan/autodiff/activations.hpp>
#include <mgan/autodiff/arithmetic.hpp>
#include <mgan/autodiff/arranging.hpp>
#include <mgan/autodiff/classification.hpp>
#include <mgan/autodiff/convolution.hpp>
#include <mgan/autodiff/custom.hpp>
#include <mgan/autodiff/matmul.hpp>
#include <mgan/autodiff/nonlinear.hpp>
#include <mgan/autodiff/normalising.hpp>
#include <mgan/autodiff/pooling.hpp>
#include <mgan/autodiff/reductions.hpp>
#include <mgan/autodiff/selection.hpp>
#include <mgan/autodiff/shaping.hpp>
#include <mgan/autodiff/tape.hpp>
