namespace Pantry.Protocol;

/// <summary>A message: its kind, the request it belongs to, a typed head and raw bodies.</summary>
/// <param name="Kind">What the message is.</param>
/// <param name="Head">The record that belongs to the kind.</param>
/// <param name="Correlation">Number of the request that this is, or answers; 0 for neither.</param>
internal sealed record Message(MessageKind Kind, object Head, ulong Correlation = 0)
{
    public IReadOnlyList<byte[]> Bodies { get; init; } = [];

    public T HeadAs<T>() => (T)Head;

    public byte[] Body(int index) => index < Bodies.Count ? Bodies[index] : [];
}
