// Times of what ranks tell each other, for studies/MPI.md: an all-gather of words, and beside it a scatter of slices
// (all-to-all) that is followed by an all-gather of the finished slices.
//   mpicc -O2 collectives.c -o collectives && mpirun -n 2 ./collectives
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int count, char **arguments) {
    MPI_Init(&count, &arguments);
    int rank, size;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    enum { RUNS = 101 };
    if (rank == 0) printf("%d ranks; microseconds: least and median of %d\n%10s %24s %24s\n", size, RUNS, "bytes", "all-gather", "scatter, all-gather");
    for (long bytes = 4; bytes <= 1L << 26; bytes *= 8) {
        // Each rank has so many bytes of sums; slices are filled up to whole numbers.
        int slice = (int)((bytes + size - 1) / size);
        char *own = calloc(slice, size), *all = malloc((size_t)slice * size * size), *slices = malloc((size_t)slice * size);
        double times[2][RUNS];
        for (int run = 0; run < RUNS; run++) {
            for (int method = 0; method < 2; method++) {
                MPI_Barrier(MPI_COMM_WORLD);
                double start = MPI_Wtime();
                if (method == 0) {
                    MPI_Allgather(own, slice * size, MPI_BYTE, all, slice * size, MPI_BYTE, MPI_COMM_WORLD);
                } else {
                    MPI_Alltoall(own, slice, MPI_BYTE, slices, slice, MPI_BYTE, MPI_COMM_WORLD);
                    MPI_Allgather(slices, slice, MPI_BYTE, own, slice, MPI_BYTE, MPI_COMM_WORLD);
                }
                double time = 1e6 * (MPI_Wtime() - start);
                MPI_Reduce(&time, &times[method][run], 1, MPI_DOUBLE, MPI_MAX, 0, MPI_COMM_WORLD);
            }
        }
        if (rank == 0) {
            printf("%10ld", bytes);
            for (int method = 0; method < 2; method++) {
                qsort(times[method], RUNS, sizeof(double), compare);
                printf(" %11.1f %12.1f", times[method][0], times[method][RUNS / 2]);
            }
            printf("\n");
        }
        free(own), free(all), free(slices);
    }
    MPI_Finalize();
}
