namespace Pantry.Protocol;

/// <summary>One target's row.</summary>
/// <param name="Number">Place of the row in its job, from 0.</param>
/// <param name="Client">Identity of the target.</param>
/// <param name="RoundTrip">From the order's leaving to the result's arrival; zero where the target said it before its turn had come, null where the row is the server's word.</param>
/// <param name="Result">The outcome.</param>
/// <param name="Bodies">Standard output, standard error, output.</param>
internal sealed record ResultRow(int Number, string Client, TimeSpan? RoundTrip, Result Result, IReadOnlyList<byte[]> Bodies)
{
    public byte[] Body(int index) => index < Bodies.Count ? Bodies[index] : [];
}
