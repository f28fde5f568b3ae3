/*
 * A ring buffer for one writer and one reader on different threads.
 *
 * The size is a power of two, so that the two counters may run on and wrap around by themselves: the number of
 * bytes in the buffer is always head - tail, even after either has overflowed.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

struct ring {
	unsigned char *bytes;
	size_t mask;
	_Atomic size_t head;	/* where the writer puts the next byte */
	_Atomic size_t tail;	/* where the reader takes the next byte */
};

bool ring_init(struct ring *ring, unsigned int log2_size)
{
	if (log2_size >= sizeof(size_t) * 8 - 1)
		return false;
	ring->bytes = malloc((size_t)1 << log2_size);
	if (ring->bytes == NULL)
		return false;
	ring->mask = ((size_t)1 << log2_size) - 1;
	atomic_init(&ring->head, 0);
	atomic_init(&ring->tail, 0);
	return true;
}

void ring_free(struct ring *ring)
{
	free(ring->bytes);
	ring->bytes = NULL;
}

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Writes as much as there is room for; returns how much that was. */
size_t ring_write(struct ring *ring, const void *data, size_t len)
{
	size_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
	size_t tail = atomic_load_explicit(&ring->tail, memory_order_acquire);
	size_t room = ring->mask + 1 - (head - tail);
	size_t at = head & ring->mask;
	size_t first;

	len = smaller(len, room);
	first = smaller(len, ring->mask + 1 - at);
	memcpy(ring->bytes + at, data, first);
	memcpy(ring->bytes, (const unsigned char *)data + first, len - first);
	/* Only now may the reader see the bytes. */
	atomic_store_explicit(&ring->head, head + len, memory_order_release);
	return len;
}

/* Reads as much as there is; returns how much that was. */
size_t ring_read(struct ring *ring, void *data, size_t len)
{
	size_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
	size_t head = atomic_load_explicit(&ring->head, memory_order_acquire);
	size_t at = tail & ring->mask;
	size_t first;

	len = smaller(len, head - tail);
	first = smaller(len, ring->mask + 1 - at);
	memcpy(data, ring->bytes + at, first);
	memcpy((unsigned char *)data + first, ring->bytes, len - first);
	/* Only now may the writer use the room again. */
	atomic_store_explicit(&ring->tail, tail + len, memory_order_release);
	return len;
}
