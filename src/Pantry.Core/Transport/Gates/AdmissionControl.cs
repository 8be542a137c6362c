using System.Net;

namespace Pantry.Transport.Gates;

/// <summary>Who may connect: connections in all and from each address, the rates of both, and the half-open ones.</summary>
internal sealed class AdmissionControl(GateLimits limits, GateClock clock)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<UInt128, Address> _addresses = [];
    private readonly LinkedList<(PeerConnection Connection, long Since)> _halfOpen = [];
    private readonly Dictionary<PeerConnection, LinkedListNode<(PeerConnection Connection, long Since)>> _halfOpenNodes = [];
    private TokenBucket _rate = new(limits.AcceptsPerSecond, limits.AcceptBurst, clock.Now);
    private int _connections;

    /// <summary>How long to wait before accepting the next.</summary>
    public TimeSpan SpendAccept()
    {
        lock (_lock)
            return _rate.Spend(1, clock.Now);
    }

    /// <summary>Takes a place for one connection, or says why there is none.</summary>
    public GateRefusal TryEnter(IPAddress from)
    {
        UInt128 key = AddressShare.Of(from);
        long now = clock.Now;
        lock (_lock)
        {
            if (_connections >= limits.MaxConnections)
                return GateRefusal.TooManyConnections;
            if (!_addresses.TryGetValue(key, out Address? address))
            {
                address = new Address(new TokenBucket(limits.AcceptsPerSecondPerAddress, limits.AcceptBurstPerAddress, now));
                _addresses.Add(key, address);
            }

            if (!address.Rate.TryTake(now))
                return GateRefusal.AcceptRate;
            if (address.Open >= limits.MaxConnectionsPerAddress)
                return GateRefusal.TooManyFromAddress;

            address.Open++;
            _connections++;
            return GateRefusal.None;
        }
    }

    /// <summary>Gives the place back.</summary>
    public void Leave(IPAddress from, PeerConnection connection)
    {
        lock (_lock)
        {
            _connections--;
            if (_addresses.TryGetValue(AddressShare.Of(from), out Address? address))
                address.Open--;
        }

        Admit(connection);
    }

    /// <summary>
    /// How long to leave newcomers with the kernel because the places for half-open ones are full and the oldest has
    /// not had its time: when a fleet comes back at once, accepting is faster than handshakes are.
    /// </summary>
    public TimeSpan HalfOpenPause()
    {
        lock (_lock)
        {
            if (_halfOpen.Count < limits.MaxHalfOpen)
                return TimeSpan.Zero;
            double left = _halfOpen.First!.Value.Since + limits.HalfOpenGrace.TotalMilliseconds - clock.Now;
            return TimeSpan.FromMilliseconds(Math.Max(0, left));
        }
    }

    /// <summary>Notes a connection as half-open.</summary>
    /// <returns>The oldest one if it has to go for it.</returns>
    public PeerConnection? AddHalfOpen(PeerConnection connection)
    {
        lock (_lock)
        {
            _halfOpenNodes.Add(connection, _halfOpen.AddLast((connection, clock.Now)));
            if (_halfOpen.Count <= limits.MaxHalfOpen)
                return null;
            PeerConnection oldest = _halfOpen.First!.Value.Connection;
            _halfOpen.RemoveFirst();
            _halfOpenNodes.Remove(oldest);
            return oldest;
        }
    }

    /// <summary>A connection is half-open no more.</summary>
    public void Admit(PeerConnection connection)
    {
        lock (_lock)
        {
            if (_halfOpenNodes.Remove(connection, out LinkedListNode<(PeerConnection Connection, long Since)>? node))
                _halfOpen.Remove(node);
        }
    }

    /// <summary>Forgets addresses that have nothing open and have not connected lately.</summary>
    public void Prune()
    {
        long now = clock.Now;
        lock (_lock)
        {
            foreach ((UInt128 key, Address address) in _addresses)
            {
                if (address.Open == 0 && address.Rate.IsFull(now))
                    _addresses.Remove(key);
            }
        }
    }

    private sealed class Address(TokenBucket rate)
    {
        public TokenBucket Rate = rate;

        public int Open { get; set; }
    }
}
