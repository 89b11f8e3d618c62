#pragma once
/// \file
/// Everything of mgan that can be compiled where it is included.
///
/// | part    | folders                                  | needs              | CMake target  |
/// |---------|------------------------------------------|--------------------|---------------|
/// | music   | core, midi, score, metrics               | nothing            | `mgan::midi`  |
/// | nets    | tensor, layers, autodiff, encoding,      | Eigen              | `mgan::nets`  |
/// |         | dataset, models, optimisation, settings, |                    |               |
/// |         | judging, generation/sampler              |                    |               |
/// | files   | io, generation, distributed, training,   | and nlohmann/json  | `mgan::io`    |
/// |         | runs                                     |                    |               |
/// | sound   | audio, hearing (PF classifier)           | and FFTW           | `mgan::audio` |
///
/// A part whose libraries the compiler does not find is left out, so that this line always
/// compiles:
///
///     #include <mgan/mgan.hpp>
///
/// `MGAN_HAS_NETS` and `MGAN_HAS_IO` are 1 where the part is in, and 0 where it is not. FFTW is
/// under the GPL, so finding its header is not enough: what transforms is in where `MGAN_HAS_FFTW`
/// is defined as 1, which the target `mgan::audio` does. (Synthesis needs Eigen alone.) To be told
/// at once that something is missing, and for programs that compile faster, include the one header
/// that you use instead, for example `<mgan/layers/lstm.hpp>`: each compiles alone.
///
/// Two instruction sets in one program: mgan keeps its own functions apart (core/version.hpp),
/// Eigen does not, and the linker then mixes them: memory that one half allocated, the other frees
/// in its own way. Compile one of the two with `-DEigen=Eigen_v3`, which gives its Eigen another
/// name (tests/consumer/ does), or put them into shared libraries with hidden symbols.

#if __has_include(<Eigen/Core>)
#define MGAN_HAS_NETS 1
#else
#define MGAN_HAS_NETS 0
#endif

#if MGAN_HAS_NETS && __has_include(<nlohmann/json.hpp>)
#define MGAN_HAS_IO 1
#else
#define MGAN_HAS_IO 0
#endif

// ---- music
#include <mgan/core/atomic_file.hpp>
#include <mgan/core/bits.hpp>
#include <mgan/core/byte_cursor.hpp>
#include <mgan/core/checksum.hpp>
#include <mgan/core/error.hpp>
#include <mgan/core/file_lock.hpp>
#include <mgan/core/half.hpp>
#include <mgan/core/hash.hpp>
#include <mgan/core/mapped_file.hpp>
#include <mgan/core/number_text.hpp>
#include <mgan/core/parallel.hpp>
#include <mgan/core/processor_class.hpp>
#include <mgan/core/permutation.hpp>
#include <mgan/core/random.hpp>
#include <mgan/core/setting.hpp>
#include <mgan/core/version.hpp>
#include <mgan/metrics/crop.hpp>
#include <mgan/metrics/set_comparison.hpp>
#include <mgan/metrics/song_metrics.hpp>
#include <mgan/metrics/song_shape.hpp>
#include <mgan/midi/find_files.hpp>
#include <mgan/midi/long_waits.hpp>
#include <mgan/midi/notes.hpp>
#include <mgan/midi/reader.hpp>
#include <mgan/midi/writer.hpp>
#include <mgan/score/parser.hpp>
#include <mgan/score/performance.hpp>

// ---- nets
#if MGAN_HAS_NETS
#include <mgan/autodiff/complex_step.hpp>
#include <mgan/autodiff/custom.hpp>
#include <mgan/autodiff/gradient_check.hpp>
#include <mgan/autodiff/operations.hpp>
#include <mgan/autodiff/recompute.hpp>
#include <mgan/autodiff/second_derivatives.hpp>
#include <mgan/autodiff/tape.hpp>
#include <mgan/dataset/crops.hpp>
#include <mgan/dataset/epoch_order.hpp>
#include <mgan/dataset/fingerprint.hpp>
#include <mgan/dataset/load_data_set.hpp>
#include <mgan/dataset/pack_data_set.hpp>
#include <mgan/dataset/packed_file.hpp>
#include <mgan/dataset/piece_groups.hpp>
#include <mgan/dataset/repeat_filter.hpp>
#include <mgan/dataset/split.hpp>
#include <mgan/encoding/codec.hpp>
#include <mgan/encoding/recall.hpp>
#include <mgan/encoding/step_events.hpp>
#include <mgan/encoding/step_listener.hpp>
#include <mgan/encoding/step_vocabulary.hpp>
#include <mgan/encoding/style_meter.hpp>
#include <mgan/generation/sampler.hpp>
#include <mgan/generation/step_sampler.hpp>
#include <mgan/judging/judge.hpp>
#include <mgan/layers/activation.hpp>
#include <mgan/layers/attention.hpp>
#include <mgan/layers/bilstm.hpp>
#include <mgan/layers/categorical.hpp>
#include <mgan/layers/chain.hpp>
#include <mgan/layers/conv1d.hpp>
#include <mgan/layers/conv2d.hpp>
#include <mgan/layers/dense.hpp>
#include <mgan/layers/dropout.hpp>
#include <mgan/layers/dual_parameters.hpp>
#include <mgan/layers/embedding.hpp>
#include <mgan/layers/feature_matching.hpp>
#include <mgan/layers/gru.hpp>
#include <mgan/layers/initialisation.hpp>
#include <mgan/layers/layer_norm.hpp>
#include <mgan/layers/loss.hpp>
#include <mgan/layers/lstm.hpp>
#include <mgan/layers/mapping_network.hpp>
#include <mgan/layers/parameter_list.hpp>
#include <mgan/layers/parameters.hpp>
#include <mgan/layers/spectral_norm.hpp>
#include <mgan/layers/stacked_lstm.hpp>
#include <mgan/models/discriminator.hpp>
#include <mgan/models/generator.hpp>
#include <mgan/models/gradient_penalty.hpp>
#include <mgan/models/parameter_count.hpp>
#include <mgan/models/pf_classifier.hpp>
#include <mgan/models/step_initialisation.hpp>
#include <mgan/models/tape_adapter.hpp>
#include <mgan/optimisation/optimiser.hpp>
#include <mgan/optimisation/schedule.hpp>
#include <mgan/settings/presets.hpp>
#include <mgan/settings/settings.hpp>
#include <mgan/tensor/dual.hpp>
#include <mgan/tensor/half_matrix.hpp>
#include <mgan/tensor/matrix.hpp>
#include <mgan/tensor/product.hpp>
#include <mgan/tensor/sequence.hpp>
#include <mgan/tensor/transposed_product.hpp>
#endif

// ---- sound
#if MGAN_HAS_NETS
#include <mgan/audio/note_matrix.hpp>
#include <mgan/audio/synthesiser.hpp>
#endif
#if MGAN_HAS_NETS && defined(MGAN_HAS_FFTW) && MGAN_HAS_FFTW
#include <mgan/hearing/frequency_ear.hpp>
#endif

// ---- files
#if MGAN_HAS_IO
#include <mgan/distributed/agreement.hpp>
#include <mgan/distributed/mpi_communicator.hpp>
#include <mgan/distributed/ordered_sum.hpp>
#include <mgan/generation/model_file.hpp>
#include <mgan/generation/step_model.hpp>
#include <mgan/io/number_table.hpp>
#include <mgan/io/safetensors.hpp>
#include <mgan/io/settings_json.hpp>
#include <mgan/io/settings_manual.hpp>
#include <mgan/player.hpp>
#include <mgan/player/accompanist.hpp>
#include <mgan/player/block_player.hpp>
#include <mgan/player/handover.hpp>
#include <mgan/runs/checkpoint.hpp>
#include <mgan/runs/history.hpp>
#include <mgan/runs/run_directory.hpp>
#include <mgan/training/evaluation.hpp>
#include <mgan/training/fit.hpp>
#include <mgan/training/sequence_gan.hpp>
#include <mgan/training/sequence_scores.hpp>
#include <mgan/training/shared_songs.hpp>
#include <mgan/training/step_trainer.hpp>
#include <mgan/training/trainer.hpp>
#endif
