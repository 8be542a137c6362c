namespace Pantry.Security;

/// <summary>An order as its operator signed it: exact bytes, which are verified before they are read.</summary>
internal sealed record SignedOrder(byte[] Statement, byte[] Signature)
{
    internal static ReadOnlySpan<byte> Context => "Pantry order 1"u8;

    /// <exception cref="PantryException">No client would take the order.</exception>
    public static SignedOrder Sign(OrderStatement order, SigningKey key)
    {
        if (order.Fault() is { } fault)
            throw new PantryException(PantryErrorCode.InvalidArgument, $"The order cannot be signed: {fault}.") { Target = order.Job };
        byte[] statement = SecurityJson.ToBytes(order, SecurityJson.Default.OrderStatement);
        return new SignedOrder(statement, key.Sign(Context, statement));
    }
}
