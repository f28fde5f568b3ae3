// Package cache keeps the values that were used last and forgets the others.
package cache

import (
	"container/list"
	"sync"
	"time"
)

// Cache holds at most a fixed number of values, each for a limited time. It may be used by several goroutines.
type Cache[K comparable, V any] struct {
	mu       sync.Mutex
	capacity int
	lifetime time.Duration
	order    *list.List // most recently used first
	entries  map[K]*list.Element
	now      func() time.Time

	hits, misses uint64
}

type entry[K comparable, V any] struct {
	key     K
	value   V
	expires time.Time
}

// New makes a cache. A lifetime of zero means that values never expire.
func New[K comparable, V any](capacity int, lifetime time.Duration) *Cache[K, V] {
	if capacity < 1 {
		panic("cache: capacity must be positive")
	}
	return &Cache[K, V]{
		capacity: capacity,
		lifetime: lifetime,
		order:    list.New(),
		entries:  make(map[K]*list.Element, capacity),
		now:      time.Now,
	}
}

// Get returns the value for key and marks it as just used.
func (c *Cache[K, V]) Get(key K) (value V, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	element, found := c.entries[key]
	if !found {
		c.misses++
		return value, false
	}
	e := element.Value.(*entry[K, V])
	if c.lifetime > 0 && c.now().After(e.expires) {
		c.drop(element)
		c.misses++
		return value, false
	}
	c.order.MoveToFront(element)
	c.hits++
	return e.value, true
}

// Put stores a value, and forgets the one that was not used for longest if there is no room.
func (c *Cache[K, V]) Put(key K, value V) {
	c.mu.Lock()
	defer c.mu.Unlock()
	expires := c.now().Add(c.lifetime)
	if element, found := c.entries[key]; found {
		e := element.Value.(*entry[K, V])
		e.value, e.expires = value, expires
		c.order.MoveToFront(element)
		return
	}
	if c.order.Len() >= c.capacity {
		c.drop(c.order.Back())
	}
	c.entries[key] = c.order.PushFront(&entry[K, V]{key, value, expires})
}

// Stats tells how often Get found something and how often it did not.
func (c *Cache[K, V]) Stats() (hits, misses uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.hits, c.misses
}

func (c *Cache[K, V]) drop(element *list.Element) {
	c.order.Remove(element)
	delete(c.entries, element.Value.(*entry[K, V]).key)
}
